/** State that must survive: the interfaces, the memory driver, the rules that a driver of your own shares with it, and the outbox. */
export type {
  AppendOptions,
  Fence,
  HeldLease,
  Kv,
  KvEntry,
  KvVersion,
  Lease,
  ListOptions,
  Log,
  LogEntry,
  LogPage,
  LogState,
  ReadOptions,
  Store,
  WriteOptions,
} from './store.js'
export { memoryStore, type MemoryStoreOptions } from './memory.js'
export { checkFence, checkKey, checkPosition, createPage, fenced, storeClosed, storeFull, tailPages } from './rules.js'
export * from './outbox/index.js'
