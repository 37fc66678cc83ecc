/**
 * The web port's stream of a group's ledger. It replays nothing and ignores `Last-Event-ID`. So after each connect the tail of the ledger
 * is read, which holds the events between two connections, and events that come twice are dropped.
 */
import { sleep, type Clock } from '../../core/clock.js'
import { sseDecoder } from '../../core/codec/sse.js'
import { watchIdle } from '../../core/idle.js'
import { onAbort } from '../../core/on-abort.js'
import { createDeadline } from '../../core/deadline.js'
import { createRecent } from '../../core/stream.js'
import { SignalboxError } from '../../errors.js'
import type { OpenOptions, Reply } from '../../transport.js'
import type { EventSource } from '../events/source.js'
import { createTracker, type Tracker } from '../events/tracker.js'
import type { CcccEventsArgs, CcccStreamItem } from '../events/types.js'
import { apiError, CcccError, unsupported } from '../errors.js'
import { isRecord } from '../../core/is-record.js'
import { isEvent, type CcccEvent, type Loose } from '../shapes.js'
import type { WebRequest } from './routes.js'

const OP = 'events_stream'
const TAILS = [200, 2_000]
/** The port reads the ledger five times a second. A tail that is read after this time holds the events before its first read. */
const SECOND_LOOK_MS = 1_000
const ANSWER_MS = 30_000

/** So many ids are kept: the tail repeats events of the stream, and a new connection may repeat a minute of the last one. */
const REMEMBERED = 4096

export interface WebEventsContext {
  readonly args: CcccEventsArgs
  readonly idleMs: number
  readonly opening: AbortSignal
  readonly clock: Clock
  send(request: WebRequest, options: OpenOptions): Promise<Reply>
  answerOf(op: string, reply: Reply): Promise<Loose>
}

interface Context extends WebEventsContext {
  /** True for the id of an event that came before. */
  seen(id: string): boolean
}

export async function webEvents(parts: WebEventsContext): Promise<EventSource> {
  const { args } = parts
  const context: Context = { ...parts, seen: createRecent<string>(REMEMBERED).seen }
  if (args.by !== undefined && args.by !== 'user') {
    throw unsupported(
      OP,
      'The web port streams the whole group, not the view of an actor.',
      'Leave `by` out, or use the IPC socket.',
    )
  }
  const newest = args.cursor ?? (await tail(context, 1, context.opening)).events.at(-1)
  const start = newest && ('kind' in newest ? { eventId: newest.id, ts: newest.ts } : newest)
  const tracker = createTracker(start)
  if (start?.eventId !== undefined) context.seen(start.eventId)
  let first: Reply | undefined = await connect(context, context.opening)
  return {
    mode: 'sse',
    tracker,
    async open(_attempt, signal) {
      const reply = first ?? (await connect(context, signal))
      first = undefined
      return read(context, tracker, reply, signal)
    },
  }
}

/** Limits the wait for an answer. The connection itself may live for days, but a silent proxy must not hold up the stream for ever. */
async function inTime<Result>(
  { clock }: WebEventsContext,
  signal: AbortSignal,
  ask: (own: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const own = createDeadline({ signal })
  const late = clock.after(ANSWER_MS, () => own.abort(ended('did not answer')))
  try {
    return await ask(own.signal)
  } finally {
    late.cancel()
    own[Symbol.dispose]()
  }
}

const groupPath = ({ args }: WebEventsContext): string => `/api/v1/groups/${encodeURIComponent(args.groupId)}/ledger`

async function connect(context: WebEventsContext, signal: AbortSignal): Promise<Reply> {
  return inTime(context, signal, async (own) => {
    const reply = await context.send({ method: 'GET', path: `${groupPath(context)}/stream` }, { signal: own })
    if (reply.status === 200 && reply.body) return reply
    throw apiError(OP, await context.answerOf(OP, reply), undefined, reply.status)
  })
}

async function tail(
  context: WebEventsContext,
  lines: number,
  signal: AbortSignal,
): Promise<{ events: CcccEvent[]; full: boolean }> {
  return inTime(context, signal, async (own) => {
    const reply = await context.send({ method: 'GET', path: `${groupPath(context)}/tail?lines=${lines}` }, { signal: own })
    const answer = await context.answerOf(OP, reply)
    if (answer.ok !== true) throw apiError(OP, answer, undefined, reply.status)
    const listed = isRecord(answer.result) && Array.isArray(answer.result.events) ? answer.result.events : []
    return { events: listed.filter(isEvent), full: listed.length >= lines }
  })
}

/** The events after the cursor; a gap first, where the tail does not reach back to it. */
async function missed(context: Context, tracker: Tracker, signal: AbortSignal): Promise<CcccStreamItem[]> {
  const from = tracker.cursor
  for (const lines of TAILS) {
    const { events, full } = await tail(context, lines, signal)
    const index = events.findIndex(({ id }) => id === from?.eventId)
    if (index < 0 && full && lines !== TAILS.at(-1)) continue
    const found = index >= 0 || from === undefined
    const rest = index >= 0 ? events.slice(index + 1) : events.filter(({ ts }) => from === undefined || ts > from.ts)
    const gap: CcccStreamItem[] = found ? [] : [{ type: 'gap', from, reason: 'expired' }]
    return [...gap, ...rest.flatMap((event) => wanted(context, tracker, event))]
  }
  return []
}

/** Every event moves the position; only the wanted kinds are handed out. */
function wanted({ args, seen }: Context, tracker: Tracker, event: CcccEvent): CcccStreamItem[] {
  const items: CcccStreamItem[] = []
  if (!seen(event.id)) tracker.see(event, items)
  const { kinds = [] } = args
  return kinds.length === 0 || kinds.includes(event.kind) ? items : items.filter(({ type }) => type === 'gap')
}

async function* read(
  context: Context,
  tracker: Tracker,
  reply: Reply,
  signal: AbortSignal,
): AsyncGenerator<readonly CcccStreamItem[], void, void> {
  const reader = (reply.body as ReadableStream<Uint8Array>).getReader()
  const decoder = sseDecoder()
  let silent = false
  const stop = (): void => void reader.cancel().catch(() => {})
  const idle = watchIdle(
    context.idleMs,
    () => {
      silent = true
      stop()
    },
    context.clock,
  )
  const ignore = onAbort(signal, stop)
  let lookAgain: Promise<'look'> | undefined = sleep(context.clock, SECOND_LOOK_MS, signal).then(
    () => 'look' as const,
    () => 'look' as const,
  )
  try {
    yield await missed(context, tracker, signal)
    let reading = reader.read()
    while (!signal.aborted) {
      const step = await (lookAgain ? Promise.race([reading, lookAgain]) : reading)
      if (step === 'look') {
        lookAgain = undefined
        yield await missed(context, tracker, signal)
        continue
      }
      if (step.done) break
      idle.touch()
      const items: CcccStreamItem[] = []
      // One read of the tail is newer than every event of this chunk.
      let unread = lookAgain !== undefined
      for (const message of decoder.push(step.value)) {
        if (message.type !== 'event') continue
        // The port dropped this slow reader. The ledger still has the events.
        if (message.event === 'error') throw ended(`gave up: ${message.data.slice(0, 200)}`)
        const event = parsed(message.data)
        if (!isEvent(event)) {
          if (message.event === 'ledger') tracker.unreadable(items)
          continue
        }
        // Before the second look the tail is read first: events that the port skipped come before those that it sends.
        if (unread) items.push(...(await missed(context, tracker, signal)))
        unread = false
        items.push(...wanted(context, tracker, event))
      }
      if (items.length > 0) yield items
      if (decoder.fault) throw decoder.fault
      reading = reader.read()
    }
  } catch (error) {
    // A transport's own error for a broken connection counts as its end: the stream is opened again.
    throw SignalboxError.is(error) ? error : ended('broke the stream', error)
  } finally {
    ignore()
    idle.stop()
    stop()
  }
  if (silent) throw ended(`was silent for ${context.idleMs} ms`)
}

function ended(how: string, cause?: unknown): CcccError {
  return new CcccError({ code: 'closed', op: OP, sent: 'yes', message: `The web port ${how}.`, cause })
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
