import type { Requirement } from './requirement.js'

const source = 'design 6'

export const requirements: readonly Requirement[] = [
  { id: 'store.copies', source, behaviour: 'A store copies what goes in and what comes out.' },
  { id: 'store.checks', source, behaviour: 'Every driver refuses the same keys, names, positions and times.' },
  {
    id: 'store.closed',
    source,
    behaviour: 'After its disposal a handle refuses everything with closed, and may be disposed twice.',
  },
  { id: 'store.two-handles', source, behaviour: 'A name that is opened twice opens the same thing, or rejects with conflict.' },
  { id: 'store.log.order', source, behaviour: 'A log gives back what was appended, in order, under sequences that rise.' },
  { id: 'store.log.bounded', source, behaviour: 'Every read is bounded, and yet gets past an entry above the bound.' },
  { id: 'store.log.trim', source, behaviour: 'A trim forgets the oldest; no sequence is ever given again.' },
  { id: 'store.log.gap', source, behaviour: 'A position that the log does not hold any more, or not yet, is told as a gap.' },
  { id: 'store.log.tail', source, behaviour: 'A tail gives what is there, then waits for what comes.' },
  { id: 'store.log.tail-end', source, behaviour: 'An abort or the disposal of the log ends a tail that waits.' },
  { id: 'store.log.fence', source, behaviour: 'An append under an older fencing token is refused.' },
  { id: 'store.kv.values', source, behaviour: 'A map gives back the bytes that were put last.' },
  { id: 'store.kv.keys', source, behaviour: 'Keys are told apart exactly, whatever characters they have.' },
  { id: 'store.kv.compare-and-set', source, behaviour: 'Compare-and-set replaces only the version it was given.' },
  { id: 'store.kv.race', source, behaviour: 'Of many that compare and set at once exactly one wins.' },
  { id: 'store.kv.version', source, behaviour: 'No version of a key comes back in a later life of it.' },
  { id: 'store.kv.list', source, behaviour: 'Keys are listed in order, by prefix, in bounded pages.' },
  { id: 'store.lease.exclusive', source, behaviour: 'A lease has one holder at a time.' },
  { id: 'store.lease.token', source, behaviour: 'Fencing tokens rise over release and expiry.' },
  { id: 'store.lease.renew', source, behaviour: 'A renewed lease lives on with its token.' },
  { id: 'store.lease.lost', source, behaviour: 'A lost lease stays lost, and its holder cannot touch the next one.' },
  { id: 'store.lease.release', source, behaviour: 'A released lease is free at once.' },
  { id: 'store.durable.log', source, behaviour: 'A durable log keeps its entries, its count and its fence.' },
  { id: 'store.durable.kv', source, behaviour: 'A durable map keeps its values and versions.' },
  { id: 'store.durable.lease', source, behaviour: 'Fencing tokens of a durable store rise over its restarts.' },
  { id: 'store.memory.bounded', source, behaviour: 'The memory driver is bounded and has room again after a trim or a delete.' },
  {
    id: 'store.file.handles',
    source,
    behaviour: 'Opening, closing and closing the store may overlap: no handle stands on a closed log, and none is left behind.',
  },
  { id: 'store.file.trim-beside-read', source, behaviour: 'A reading beside a trim gives entries or a gap, never a failure.' },
  { id: 'store.file.meta', source, behaviour: 'A damaged count is told; it is not begun anew.' },
  { id: 'store.file.lock-kept', source, behaviour: 'Only the lock of a dead process is taken away, whatever else goes wrong.' },
  { id: 'store.file.list', source, behaviour: 'A map lists all its keys, however few descriptors there are.' },
  { id: 'store.file.typed', source, behaviour: 'Whatever the disk or another process does is a typed error.' },
  {
    id: 'store.outbox-abort',
    source,
    behaviour: 'Whoever gives up waiting in an outbox is free at once, with a typed error, and what was given up is not kept.',
  },
  {
    id: 'store.outbox-unsaved',
    source,
    behaviour:
      'What was delivered and could not be written down stays in the log, and goes out again under its numbers after a crash.',
  },
  {
    id: 'store.outbox-lease',
    source,
    behaviour: 'Nothing is sent under a lease that ran out, and a lease that was let go leaves no timer.',
  },
  { id: 'store.suite-catches', source: 'design 8', behaviour: 'The store suite fails on a driver that breaks a law.' },
]
