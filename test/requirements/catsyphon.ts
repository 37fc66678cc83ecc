import type { Requirement } from './requirement.js'

const reference = (section: string): string => `catsyphon reference ${section}`

export const requirements: readonly Requirement[] = [
  {
    id: 'catsyphon.contract',
    source: reference('contract'),
    behaviour: 'The simulator answers every recorded request as the real servers did.',
  },
  {
    id: 'catsyphon.server-hash',
    source: reference('7.2'),
    behaviour: 'The simulator computes the hash that the server computes when none is given.',
  },
  { id: 'catsyphon.simulator-routes', source: reference('4'), behaviour: 'The simulator serves every route of the description.' },
  {
    id: 'catsyphon.session',
    source: 'seed 003',
    behaviour: 'The session API: start, message, toolCall, toolResult, thinking, error, complete, flush.',
  },
  {
    id: 'catsyphon.superset',
    source: reference('1'),
    behaviour:
      'Every event carries a sequence and a hash, and a completion carries both counts: every server generation accepts them.',
  },
  {
    id: 'catsyphon.same-millisecond',
    source: reference('7.2'),
    behaviour: 'Equal events within one millisecond are not merged, and timestamps rise within a session.',
  },
  {
    id: 'catsyphon.inherited-lost-answer',
    source: reference('7.9'),
    behaviour: 'Events that an earlier client left in the outbox are stored once, even if many answers are lost.',
  },
  {
    id: 'catsyphon.known-stored',
    source: reference('7.5'),
    behaviour:
      'Events that are known to be stored before the first retry are not counted as ambiguous, even if many answers are lost.',
  },
  {
    id: 'catsyphon.leave-page',
    source: reference('2'),
    behaviour: 'When the user navigates away from a page, the page sends its queued events before it is unloaded.',
  },
  {
    id: 'catsyphon.plan-times',
    source: reference('5.4'),
    behaviour: 'Plan timestamps that the server cannot read back are corrected, or left out, before they are stored.',
  },
  {
    id: 'catsyphon.deep-parameters',
    source: reference('4.8'),
    behaviour: 'Parameters that are nested too deeply to be read back are cut before they are stored.',
  },
  {
    id: 'catsyphon.register.reads-first',
    source: reference('4.1'),
    behaviour: 'If the credential store cannot be read, a registration fails before a collector is created.',
  },
  {
    id: 'catsyphon.with-session',
    source: 'seed 003',
    behaviour: 'withSession completes with success or failed; a session that never started is not completed.',
  },
  {
    id: 'catsyphon.with-session-outage',
    source: reference('11.8'),
    behaviour: 'A failing flush masks no error and skips no completion.',
  },
  {
    id: 'catsyphon.dispose',
    source: 'design 3',
    behaviour: 'Plain disposal flushes, and completes a started session without a verdict.',
  },
  {
    id: 'catsyphon.batch-writer',
    source: 'seed 003',
    behaviour: 'The batch writer sends by count or time, keeps unknown keys, and keeps events that could not be sent.',
  },
  {
    id: 'catsyphon.sanitize',
    source: reference('6'),
    behaviour: 'Values that the server cannot store are replaced before they are queued, and reported.',
  },
  { id: 'catsyphon.sanitize-any', source: reference('6'), behaviour: 'Any value comes out as storable JSON.' },
  {
    id: 'catsyphon.plans',
    source: reference('5.4'),
    behaviour: 'Nulls and unreadable times are removed from plans, because the server could not read the conversation back.',
  },
  {
    id: 'catsyphon.canonical',
    source: reference('7.3'),
    behaviour: 'The same event gives the same bytes and the same hash, for every order of its keys.',
  },
  {
    id: 'catsyphon.refused-early',
    source: reference('10.2'),
    behaviour: 'Events that the server would refuse are refused, and never as an unhandled rejection.',
  },
  {
    id: 'catsyphon.outage-of-many',
    source: reference('11.5'),
    behaviour: 'More than fifty waiting events are sent in requests of at most fifty.',
  },
  { id: 'catsyphon.one-at-a-time', source: reference('7.5'), behaviour: 'A session has one request in flight.' },
  { id: 'catsyphon.split-by-bytes', source: reference('2'), behaviour: 'Requests stay below a size in bytes.' },
  {
    id: 'catsyphon.restart',
    source: reference('11.10'),
    behaviour:
      'A restarted client sends the events that the previous process left, continues the sequence, and duplicates no event.',
  },
  {
    id: 'catsyphon.lost-outbox',
    source: reference('12 resume'),
    behaviour: 'Without its outbox a session continues at the sequence of a sequence server.',
  },
  { id: 'catsyphon.last-sequence', source: reference('1'), behaviour: 'last_sequence never decides what is discarded.' },
  { id: 'catsyphon.bounds', source: 'design 6', behaviour: 'A full outbox rejects or drops by a named policy; drops are counted.' },
  { id: 'catsyphon.bounds-block', source: 'design 6', behaviour: 'A full outbox that blocks keeps the order of its writers.' },
  { id: 'catsyphon.max-concurrent', source: 'design 6', behaviour: 'No more sessions are sent at once than maxConcurrent says.' },
  { id: 'catsyphon.parents-first', source: reference('8'), behaviour: 'An offline queue creates parents before children.' },
  {
    id: 'catsyphon.frozen',
    source: reference('12'),
    behaviour: 'A retry sends the same bytes; the barrier goes before it, on hash servers only.',
  },
  { id: 'catsyphon.abort', source: 'design 3', behaviour: 'An abort ends the waiting, not the delivery.' },
  { id: 'catsyphon.deadline', source: 'design 3', behaviour: 'A deadline ends the waiting with a report of what waits and why.' },
  {
    id: 'catsyphon.transient',
    source: reference('12 outcomes'),
    behaviour:
      'A refused or reset connection and the statuses 429, 502, 503 and 504 cause retries, without a lost or duplicate event.',
  },
  {
    id: 'catsyphon.lost-answer',
    source: reference('7.5'),
    behaviour: 'A lost answer causes no duplicate, and a barrier event never replaces a session_start.',
  },
  {
    id: 'catsyphon.timeout-race',
    source: reference('7.5'),
    behaviour:
      'A retry during a slow first request causes no duplicate on servers with a barrier, and is reported on other servers.',
  },
  {
    id: 'catsyphon.poison',
    source: reference('6'),
    behaviour:
      'A batch with an event that cannot be stored is halved until that event becomes a dead letter, and the gap in the sequences is filled.',
  },
  {
    id: 'catsyphon.poisoned-completion',
    source: reference('6'),
    behaviour: 'Values that the server cannot store are replaced in completions as in events.',
  },
  {
    id: 'catsyphon.refused-completion',
    source: reference('4.4'),
    behaviour: 'A completion that fails for ever does not hold up its session.',
  },
  {
    id: 'catsyphon.full-server',
    source: reference('6'),
    behaviour: 'While the server stores no events at all, no event becomes a dead letter, if the client can detect this.',
  },
  {
    id: 'catsyphon.foreign-in-the-dark',
    source: reference('7.6'),
    behaviour: 'A session with other credentials accepts events after an ambiguous failure.',
  },
  {
    id: 'catsyphon.broken-description',
    source: reference('1'),
    behaviour: 'Without a description the client works as on a server of unknown generation.',
  },
  { id: 'catsyphon.short-receipt', source: reference('12 outcomes'), behaviour: 'An answer with a conversation_id is a receipt.' },
  {
    id: 'catsyphon.same-call-twice',
    source: reference('7.3'),
    behaviour: 'A repeated direct call has the same hashes, whole or in part.',
  },
  {
    id: 'catsyphon.frozen-at-the-call',
    source: reference('12'),
    behaviour: 'A later change of the caller’s objects does not change the event.',
  },
  {
    id: 'catsyphon.plan-shapes',
    source: reference('5.4'),
    behaviour: 'Plans must have the shapes that the server can read back.',
  },
  { id: 'catsyphon.unknown-type', source: reference('5.2'), behaviour: 'Known keys are checked on events of every type.' },
  {
    id: 'catsyphon.other-server',
    source: reference('1'),
    behaviour: 'The generation is read again after the server was away.',
  },
  {
    id: 'catsyphon.memory-default',
    source: 'design 6',
    behaviour: 'Without a store the outbox is in memory, which is reported once.',
  },
  { id: 'catsyphon.sick-server', source: reference('6'), behaviour: 'While /health is degraded no 500 makes a dead letter.' },
  {
    id: 'catsyphon.named-event',
    source: reference('12 outcomes'),
    behaviour: 'Events that a 422 names become dead letters, and no others.',
  },
  { id: 'catsyphon.too-large', source: reference('2'), behaviour: 'A 413 splits down to one event, which becomes a dead letter.' },
  { id: 'catsyphon.retry-after', source: reference('2'), behaviour: 'Retry-After is obeyed.' },
  {
    id: 'catsyphon.halt',
    source: reference('12 outcomes'),
    behaviour: 'Wrong credentials, HTML and redirects stop the outbox, which keeps everything.',
  },
  { id: 'catsyphon.redirect', source: reference('2'), behaviour: 'No redirect is followed.' },
  {
    id: 'catsyphon.disabled-midway',
    source: reference('3'),
    behaviour: 'A collector that is switched off keeps its queue for new credentials.',
  },
  {
    id: 'catsyphon.forgetful-server',
    source: reference('12 outcomes'),
    behaviour: 'A completion of a session that the server does not know becomes a dead letter.',
  },
  {
    id: 'catsyphon.secrets',
    source: reference('4'),
    behaviour: 'Bodies that echo secrets or conversations reach no error and no report.',
  },
  {
    id: 'catsyphon.send-events',
    source: 'seed 003',
    behaviour: 'sendEvents is one unqueued request and gives the answer of the server.',
  },
  {
    id: 'catsyphon.send-once',
    source: 'design 3',
    behaviour: 'sendEvents is retried only if the request cannot have reached the server.',
  },
  {
    id: 'catsyphon.seed-retries',
    source: reference('10.4'),
    behaviour: 'maxRetries counts the retries after the first try, of calls that may be repeated.',
  },
  {
    id: 'catsyphon.retry-delays',
    source: reference('10.4'),
    behaviour: 'The defaults and the pauses are those of the Python SDK.',
  },
  {
    id: 'catsyphon.missing-header',
    source: reference('3'),
    behaviour: 'Invalid credentials are refused before anything is sent.',
  },
  {
    id: 'catsyphon.register',
    source: 'seed 003',
    behaviour: 'register stores its credentials; fromStored finds them for that server only.',
  },
  { id: 'catsyphon.register-once', source: reference('4.1'), behaviour: 'A registration that may have arrived is not repeated.' },
  {
    id: 'catsyphon.prefix',
    source: reference('2'),
    behaviour: 'Base URLs have paths; without /api the error says what to look at.',
  },
  {
    id: 'catsyphon.read-back',
    source: reference('4.8'),
    behaviour: 'A conversation is read back, its messages in the order of their times.',
  },
  {
    id: 'catsyphon.split-answer',
    source: 'design 8',
    behaviour: 'An answer that arrives byte by byte is read; an answer that never ends fails at the deadline.',
  },
  { id: 'catsyphon.giant', source: reference('2'), behaviour: 'An event of megabytes goes alone and arrives whole.' },
  { id: 'catsyphon.validate', source: 'design 3', behaviour: 'A broken answer is reported and delivered, or thrown under strict.' },
  {
    id: 'catsyphon.other-collector',
    source: reference('7.6'),
    behaviour: 'An error for a session of another collector names this cause.',
  },
  {
    id: 'catsyphon.generation',
    source: reference('1'),
    behaviour: 'The generation is read from the description, once; without one everything still works.',
  },
  {
    id: 'catsyphon.credentials.shared',
    source: reference('10.5'),
    behaviour: 'The Python SDK and this one read each other’s credential file.',
  },
  { id: 'catsyphon.credentials.key', source: reference('10.5'), behaviour: 'Entries have the key that Python makes.' },
  {
    id: 'catsyphon.credentials.server',
    source: reference('10.5'),
    behaviour: 'A key never goes to another server that shares the entry.',
  },
  {
    id: 'catsyphon.credentials.rights',
    source: reference('10.5'),
    behaviour: 'The file is private from its first byte; one that others can read is refused.',
  },
  {
    id: 'catsyphon.credentials.damaged',
    source: reference('10.5'),
    behaviour: 'A file that cannot be parsed is neither overwritten nor quoted in an error.',
  },
  {
    id: 'catsyphon.credentials.profiles',
    source: 'seed 003',
    behaviour: 'Profiles are listed without keys and deleted one by one or all; writers do not lose one another’s.',
  },
  { id: 'catsyphon.scopes', source: 'design 7', behaviour: 'Every route is classified for the gateway; unknown ones are admin.' },
  {
    id: 'catsyphon.msw-truncate',
    source: 'design 8',
    behaviour: 'An answer that is cut off in the simulator is cut off behind MSW too.',
  },
  { id: 'catsyphon.msw', source: 'design 2', behaviour: 'The simulator can answer behind MSW.' },
  { id: 'catsyphon.sha256', source: reference('7.3'), behaviour: 'The synchronous hash is SHA-256.' },
  {
    id: 'catsyphon.shared-directory',
    source: 'design 6',
    behaviour: 'Several processes share an outbox directory; a session has one writer at a time.',
  },
  {
    id: 'catsyphon.node-defaults',
    source: 'seed 003',
    behaviour: 'On Node, Bun and Deno the file stores are set with one spread of options, and their data outlives the process.',
  },
  {
    id: 'catsyphon.forgets',
    source: 'design 6',
    behaviour: 'The state of queues that were idle for long is deleted, without loss.',
  },
  { id: 'catsyphon.open-fails', source: 'design 6', behaviour: 'An outbox that fails to open leaves no handle and no sender.' },
  {
    id: 'catsyphon.full-disk',
    source: 'design 6',
    behaviour: 'On a full disk acknowledged events are still delivered, which makes space.',
  },
  {
    id: 'catsyphon.crash',
    source: reference('7.9'),
    behaviour:
      'Kills of the writer and of the server, with dropped, truncated and late answers, cause no lost and no duplicate event.',
  },
  {
    id: 'catsyphon.kill',
    source: 'design 6',
    behaviour:
      'After kill -9 at any moment, with a failing server, no acknowledged event is lost and every possible duplicate is reported.',
  },
  {
    id: 'catsyphon.tab-killed',
    source: 'design 6',
    behaviour: 'Tabs that die while they send lose no acknowledged event.',
    applies: 'Chromium',
  },
  {
    id: 'catsyphon.two-tabs',
    source: 'design 6',
    behaviour: 'With several tabs open, one tab sends the events of all, and all events arrive.',
    applies: 'Chromium',
  },
  {
    id: 'catsyphon.offline',
    source: 'design 6',
    behaviour: 'A session that never had a network is sent by the next tab.',
    applies: 'Chromium',
  },
  { id: 'catsyphon.quota', source: 'design 6', behaviour: 'A full disk refuses new events and loses none.', applies: 'Chromium' },
  {
    id: 'catsyphon.page-hide',
    source: reference('2'),
    behaviour: 'A hidden page sends its queued events within the keepalive quota.',
    applies: 'Chromium',
  },
  {
    id: 'catsyphon.leaving-large',
    source: reference('2'),
    behaviour:
      'Requests beyond the keepalive quota, all of them together, are sent without it, so that a page that is only hidden delivers them.',
  },
  {
    id: 'catsyphon.proxy-400',
    source: reference('12'),
    behaviour: 'A 400 that is a page, and not the server’s own JSON, halts the outbox and makes no dead letter.',
  },
  {
    id: 'catsyphon.large-summary',
    source: reference('2'),
    behaviour: 'A completion that a proxy refuses for its size becomes a dead letter, and does not wait for ever.',
  },
  {
    id: 'catsyphon.long-retry-after',
    source: reference('2'),
    behaviour: 'Retry-After is obeyed up to an hour.',
  },
  {
    id: 'catsyphon.conversation-order',
    source: reference('4.8'),
    behaviour: 'Messages of a conversation are sorted by their moment, microseconds included.',
  },
  {
    id: 'store.file.torn',
    source: 'design 6',
    behaviour: 'A truncated last record is removed and reported, and no other record is lost.',
  },
  {
    id: 'store.file.corrupt',
    source: 'design 6',
    behaviour: 'A damaged line is lost and reported, and a copy of the file is kept.',
  },
  { id: 'store.file.zeros', source: 'design 6', behaviour: 'A tail of zeros is removed.' },
  { id: 'store.file.segments', source: 'design 6', behaviour: 'Trimmed files are removed, and the sequences continue.' },
  { id: 'store.file.group', source: 'design 6', behaviour: 'Appends that wait share one sync and keep their order.' },
  {
    id: 'store.file.synced',
    source: 'issue 14',
    behaviour: 'An append of a durable log costs one write that returns when it is on the disk.',
    applies: 'Node on Linux',
  },
  { id: 'store.file.private', source: 'design 6', behaviour: 'Nobody else can read what is stored.' },
  { id: 'store.file.exclusive', source: 'design 6', behaviour: 'A log belongs to one process at a time.' },
  { id: 'store.file.stale-lock', source: 'design 6', behaviour: 'The lock of a dead process is taken over.' },
  {
    id: 'store.file.names',
    source: 'design 6',
    behaviour: 'Every name gives a file name of its own, also on case-insensitive file systems.',
  },
  { id: 'store.file.record', source: 'design 6', behaviour: 'Any bytes are read back unchanged, and a changed bit is detected.' },
  { id: 'store.file.full-disk', source: 'design 6', behaviour: 'A failed write rejects and leaves nothing in the log.' },
]
