/** Opens a stream of events: the daemon's own, that of the web port, or polling where the daemon has none. */
import { MAX_LINE_BYTES } from '../../core/codec/ndjson.js'
import { createDeadline } from '../../core/deadline.js'
import type { CcccCore } from '../small-client.js'
import type { CcccDaemonKnowledge } from '../daemon.js'
import { badArgument, isApiError } from '../errors.js'
import { poll, startPolling } from './poll.js'
import { connectPush, readPush, type Connection } from './push.js'
import type { EventSource } from './source.js'
import { createEventStream } from './stream.js'
import { createTracker } from './tracker.js'
import type { CcccEventsArgs, CcccEventsOptions, CcccEventStream } from './types.js'

const IDLE_MS = 90_000
const POLL_MS = 1_000
const OPENING_MS = 30_000

export async function openEvents(
  core: CcccCore,
  daemon: CcccDaemonKnowledge,
  args: CcccEventsArgs,
  options: CcccEventsOptions = {},
  maxLineBytes = MAX_LINE_BYTES,
): Promise<CcccEventStream> {
  if (args.groupId === '') throw badArgument('events_stream', 'The group id is empty.', 'Name the group to watch.')
  const { idleMs = IDLE_MS, pollMs = POLL_MS, timeoutMs = OPENING_MS } = options
  const context = { core, daemon, args, tracker: createTracker(args.cursor), idleMs, maxLineBytes }
  // One deadline for the whole opening, its ping included. It does not end the open stream.
  const opening = createDeadline({ signal: options.signal, timeoutMs, clock: core.clock })
  try {
    const other = core.wire.events?.({ args, idleMs, opening: opening.signal })
    const source = await (other ?? pushSource()).catch(async (error: unknown) => {
      if (!isApiError(error, 'unknown_op') || pollMs === false) throw error
      return pollSource(pollMs)
    })
    return createEventStream(core, source, options)
  } finally {
    opening[Symbol.dispose]()
  }

  async function pushSource(): Promise<EventSource> {
    let first: Connection | undefined = await connectPush(context, { signal: opening.signal })
    return {
      mode: 'push',
      tracker: context.tracker,
      async open(_attempt, signal) {
        const connection = first ?? (await connectPush(context, { signal, timeoutMs }))
        first = undefined
        return readPush(context, connection, signal)
      },
    }
  }

  async function pollSource(everyMs: number): Promise<EventSource> {
    // A tracker of its own: the first one waits for a replay that will not come.
    const tracker = createTracker(args.cursor)
    const polling = { core, args, tracker, pollMs: everyMs }
    await startPolling(polling, { signal: opening.signal })
    core.notify({ type: 'polling', op: 'events_stream' })
    return { mode: 'poll', tracker, open: async (_attempt, signal) => poll(polling, signal) }
  }
}
