import type { Requirement } from './requirement.js'

const source = 'design 6'

export const requirements: readonly Requirement[] = [
  { id: 'store.copies', source, behaviour: 'A store copies bytes in and out.' },
  { id: 'store.checks', source, behaviour: 'Every driver refuses the same keys, names, positions and times.' },
  {
    id: 'store.closed',
    source,
    behaviour: 'A disposed handle refuses every call with closed, and can be disposed twice.',
  },
  { id: 'store.two-handles', source, behaviour: 'A second open of a name gives the same log or map, or rejects with conflict.' },
  { id: 'store.log.order', source, behaviour: 'A log returns the appended entries in order, with rising sequences.' },
  { id: 'store.log.bounded', source, behaviour: 'Every read is bounded, but still returns a single entry above the bound.' },
  { id: 'store.log.trim', source, behaviour: 'A trim deletes the oldest entries; no sequence is given again.' },
  { id: 'store.log.gap', source, behaviour: 'A position that was trimmed, or is beyond the end, gives a gap.' },
  { id: 'store.log.tail', source, behaviour: 'A tail gives existing entries, then waits for new ones.' },
  { id: 'store.log.tail-end', source, behaviour: 'An abort or the disposal of the log ends a tail that waits.' },
  { id: 'store.log.fence', source, behaviour: 'An append under an older fencing token is refused.' },
  { id: 'store.kv.values', source, behaviour: 'A map returns the bytes of the last put.' },
  { id: 'store.kv.keys', source, behaviour: 'Different keys stay distinct, with any characters in them.' },
  { id: 'store.kv.compare-and-set', source, behaviour: 'Compare-and-set replaces a value only if its version is the given one.' },
  { id: 'store.kv.race', source, behaviour: 'Of many concurrent compare-and-set calls exactly one succeeds.' },
  { id: 'store.kv.version', source, behaviour: 'No version of a key repeats after the key was deleted.' },
  {
    id: 'store.kv.fence',
    source: 'many machines',
    behaviour: 'A write to a map under a lease that has a newer holder is refused.',
  },
  { id: 'store.kv.list', source, behaviour: 'Keys are listed in order, by prefix, in bounded pages.' },
  { id: 'store.lease.exclusive', source, behaviour: 'A lease has one holder at a time.' },
  { id: 'store.lease.token', source, behaviour: 'Fencing tokens rise over release and expiry.' },
  { id: 'store.lease.renew', source, behaviour: 'A renewed lease keeps its token.' },
  { id: 'store.lease.lost', source, behaviour: 'A lost lease stays lost, and its holder cannot end the next one.' },
  { id: 'store.lease.release', source, behaviour: 'A released lease is free at once.' },
  { id: 'store.durable.log', source, behaviour: 'A durable log keeps its entries, its count and its fence.' },
  { id: 'store.durable.kv', source, behaviour: 'A durable map keeps its values and versions.' },
  { id: 'store.durable.lease', source, behaviour: 'Fencing tokens of a durable store rise over its restarts.' },
  { id: 'store.holes', source: 'many machines', behaviour: 'Limits that count entries are right where sequences have holes.' },
  {
    id: 'store.nats.sent',
    source: 'issue 19',
    behaviour: 'A refusal after an attempt without an answer is sent: maybe, because the first attempt may be stored.',
  },
  {
    id: 'store.nats.leaderless',
    source: 'issue 19',
    behaviour:
      'A NATS cluster without a leader drops requests: a call is sent again at even distances, and the first answer to any attempt counts.',
  },
  {
    id: 'store.nats.version',
    source: 'many machines',
    behaviour: 'A NATS server or stream that cannot hold the store is refused with what to install or change.',
  },
  {
    id: 'store.nats.fence',
    source: 'many machines',
    behaviour:
      'The NATS server refuses the append of a holder that lost its lease, also after expiry; a renewal refuses nobody else.',
  },
  {
    id: 'store.nats.restart',
    source: 'many machines',
    behaviour:
      'Kills of the NATS server, and of the leader of a cluster, lose no entry and double none; a tail goes on without a gap.',
  },
  {
    id: 'store.nats.gone',
    source: 'many machines',
    behaviour:
      'Without its NATS server every call is unavailable with sent no, an abort ends a tail at once, and a restart repairs all.',
  },
  {
    id: 'store.nats.stopped',
    source: 'many machines',
    behaviour: 'A write to a stopped NATS server is sent maybe, is stored once at most, and recognises its own earlier attempt.',
  },
  {
    id: 'store.nats.giant',
    source: 'many machines',
    behaviour: 'An entry or value above the payload of the NATS server is too_large with sent no.',
  },
  {
    id: 'store.nats.slow',
    source: 'many machines',
    behaviour: 'A slow reader of a log on NATS gets bounded pages.',
  },
  {
    id: 'store.nats.full',
    source: 'many machines',
    behaviour: 'A full stream refuses writes, keeps its entries, and has space again after a trim.',
  },
  {
    id: 'store.nats.killed',
    source: 'many machines',
    behaviour: 'A killed client of NATS loses no resolved append; a sleeping one cannot write under a lease that it lost.',
  },
  {
    id: 'store.nats.fresh',
    source: 'many machines',
    behaviour: 'A read through any server of a NATS cluster sees what was written through another one.',
  },
  {
    id: 'store.nats.permissions',
    source: 'many machines',
    behaviour: 'The documented permissions of a NATS user are enough for its own prefix and allow nothing under another one.',
  },
  {
    id: 'store.nats.runtimes',
    source: 'many machines',
    behaviour: 'The store on NATS passes the suite on Node, Bun and Deno, and in Chromium over WebSocket.',
  },
  { id: 'store.memory.bounded', source, behaviour: 'The memory driver is bounded and has space again after a trim or a delete.' },
  {
    id: 'store.file.handles',
    source,
    behaviour: 'Opening, closing and closing the store may overlap: no handle uses a closed log, and none is left behind.',
  },
  { id: 'store.file.trim-beside-read', source, behaviour: 'A read during a trim gives entries or a gap, never a failure.' },
  { id: 'store.file.meta', source, behaviour: 'A log with a damaged meta file is not started over.' },
  {
    id: 'store.file.lock-kept',
    source,
    behaviour: 'Only the lock of a dead process is taken over, also when another failure occurs.',
  },
  {
    id: 'store.file.lock-whole',
    source: 'design 6',
    behaviour: 'A lock names its owner from the moment it exists: a kill leaves no empty lock for the next process to wait for.',
  },
  { id: 'store.file.list', source, behaviour: 'A map lists all its keys, even with few file descriptors.' },
  { id: 'store.file.swept', source, behaviour: 'Incomplete files of killed processes are removed.' },
  { id: 'store.file.typed', source, behaviour: 'Every failure that the disk or another process causes is a typed error.' },
  { id: 'store.append-batch', source: 'design 6', behaviour: 'Appends that share a write keep their order, fences and bounds.' },
  {
    id: 'store.outbox-decisions',
    source: 'design 6',
    behaviour: 'Pure functions decide when to send, which items to drop, whether there is space, and which items are settled.',
  },
  {
    id: 'store.outbox-empty-delivery',
    source: 'design 6',
    behaviour: 'A `deliver` that reports 0 delivered items is a failure, after which the outbox pauses; it does not spin.',
  },
  {
    id: 'store.outbox-together',
    source: 'issue 14',
    behaviour:
      'Items that are appended at the same time share one write of the log and keep their order; an item that the log refuses for its size fails alone.',
  },
  { id: 'store.outbox-count', source: 'design 6', behaviour: 'An append during a count of the queue is counted once.' },
  {
    id: 'store.outbox-abort',
    source,
    behaviour: 'An aborted append or flush rejects at once with a typed error, and the item of an aborted append is not kept.',
  },
  {
    id: 'store.outbox-unsaved',
    source,
    behaviour:
      'Delivered items whose delivery could not be recorded stay in the log, and are sent again with the same numbers after a crash.',
  },
  {
    id: 'store.outbox-lease',
    source,
    behaviour: 'Nothing is sent under an expired lease, and a released lease leaves no timer.',
  },
  {
    id: 'store.indexeddb.deleted',
    source,
    behaviour: 'When another tab deletes the database, the store closes it so that the delete can proceed, and opens it again.',
    applies: 'Chromium',
  },
  {
    id: 'store.indexeddb.late-lease',
    source,
    behaviour: 'A lease that is granted after its store was closed is released.',
    applies: 'Chromium',
  },
  {
    id: 'store.indexeddb.tail-fails',
    source,
    behaviour: 'A tail that fails leaves no listener.',
  },
  { id: 'store.suite-catches', source: 'design 8', behaviour: 'The store suite fails on a driver that breaks a rule.' },
  {
    id: 'store.nats.renewal',
    source: 'issue 19',
    behaviour: 'In a cluster a lease is renewed and released while appends under it are under way.',
  },
]
