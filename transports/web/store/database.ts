/** One IndexedDB database with one object store, opened by idb-keyval. A transaction is on disk when it is complete. */
import { createStore, promisifyRequest } from 'idb-keyval'
import { SignalboxError } from '../../../src/errors.js'

const OBJECTS = 'signalbox'

export interface Database {
  readonly name: string
  /** Resolves with the result of the work once the transaction is complete. A rejection is typed, and then nothing was changed. */
  run<T>(mode: 'readonly' | 'readwrite', what: string, work: (objects: IDBObjectStore) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export function openDatabase(name: string): Database {
  if (typeof indexedDB === 'undefined') {
    throw new SignalboxError({
      code: 'unsupported',
      message: 'This runtime has no IndexedDB.',
      hint: 'Use another store, such as memoryStore().',
    })
  }
  const use = createStore(name, OBJECTS)
  // idb-keyval opens the database, also again after a browser closed it. Its own transactions may be complete before they are on disk.
  const database = (): Promise<IDBDatabase> => use('readonly', (objects) => objects.transaction.db)

  return {
    name,
    async run(mode, what, work) {
      let transaction: IDBTransaction | undefined
      try {
        const db = await database()
        // Another tab wants to delete the database, or a newer version of the page wants to change it. The browser fires no `close` event
        // for a `close()` of ours, so idb-keyval would keep the closed database.
        db.onversionchange ??= () => {
          db.close()
          db.onclose?.(new Event('close'))
        }
        transaction = db.transaction(OBJECTS, mode, { durability: 'strict' })
        const complete = promisifyRequest(transaction)
        complete.catch(() => {})
        const result = await work(transaction.objectStore(OBJECTS))
        await complete
        return result
      } catch (error) {
        abort(transaction)
        throw SignalboxError.is(error) ? error : storageError(what, transaction?.error ?? error)
      }
    },
    async close() {
      await database().then(
        (db) => db.close(),
        () => {},
      )
    },
  }
}

function abort(transaction: IDBTransaction | undefined): void {
  try {
    transaction?.abort()
  } catch {
    // The transaction has ended already.
  }
}

function storageError(what: string, cause: unknown): SignalboxError {
  const name = cause instanceof DOMException ? cause.name : 'unknown'
  const isFull = name === 'QuotaExceededError'
  return new SignalboxError({
    code: 'unavailable',
    message: `${what} could not be used: ${isFull ? 'the storage of this site is full' : name}.`,
    hint: isFull
      ? 'Delete something, or ask for persistent storage: navigator.storage.persist().'
      : 'The browser may forbid storage here, for example in a private window.',
    remoteCode: name,
    sent: 'no',
    cause,
  })
}
