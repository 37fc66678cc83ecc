/**
 * The small client: any op by its wire name, typed, over one wire. Everything else in this room is built on it, and a program that needs
 * three ops can stop here.
 */
import { createCaller, type CallOptions, type ClientOptions } from '../core/call.js'
import { systemClock, type Clock } from '../core/clock.js'
import { MAX_LINE_BYTES } from '../core/codec/ndjson.js'
import { createDeadline, type Deadline } from '../core/deadline.js'
import type { Link, StreamTransport } from '../transport.js'
import { apiError, badArgument, CcccError } from './errors.js'
import type { CcccOps, CcccTakingOver } from './ops.gen.js'
import { scrubberFor, withoutMasks, withoutSecrets } from './secrets.js'
import { recordOr, type CcccAnswerCheck, type Loose } from './shapes.js'
import { socketWire } from './socket-wire.js'
import type { OpTable } from './table.js'
import type { CcccChannel, Wire, WireOptions } from './wire.js'

export type CcccOp = keyof CcccOps
export type ArgsOf<Op extends string> = Op extends CcccOp ? CcccOps[Op]['args'] : Loose
export type ResultOf<Op extends string> = Op extends CcccOp ? CcccOps[Op]['result'] : Loose

export interface CcccCallOptions extends CallOptions {
  /** Hand out the masked secrets that some answers hold: two characters from each end of every value. Default: left out. */
  readonly maskedValues?: boolean
  /** Declares that this call may be repeated, because of what it carries. Default: what the op table says, else no. */
  readonly idempotent?: boolean
}

export type OptionalArgs<Args, Options> =
  Record<never, never> extends Args ? [args?: Args, options?: Options] : [args: Args, options?: Options]

/** What the client tells its owner without being asked. */
export type CcccNotice =
  /** An answer that lacks what every daemon seen gives. Delivered all the same under `validate: 'warn'`. */
  | { readonly type: 'invalid'; readonly op: string; readonly path: string; readonly message: string }
  /** A stream lost its connection and will try again. */
  | { readonly type: 'reconnecting'; readonly op: string; readonly delayMs: number; readonly cause: unknown }
  /** The daemon has no stream of events: its history is polled. */
  | { readonly type: 'polling'; readonly op: string }
  /** Another process answers than before: what was known about the daemon is asked again. */
  | { readonly type: 'daemon'; readonly pid: number; readonly version: string }

export interface CcccLimits {
  /** The longest line that is accepted; default 32 MiB. */
  readonly maxLineBytes?: number
}

/** Another way to the daemon than its socket, ready made: see `signalbox/cccc/web`. */
export interface CcccPort {
  readonly kind: 'web'
  readonly wire: Wire
}

export interface CcccCoreOptions extends ClientOptions {
  /** The IPC socket, or the web port. */
  readonly transport: StreamTransport | CcccPort
  readonly limits?: CcccLimits
  /** Who acts where a method needs a principal and the call names none; default `user`. */
  readonly principal?: string
  readonly onEvent?: (notice: CcccNotice) => void
  /** What is known about ops, such as which may be repeated: `loadOps()`. */
  readonly ops?: OpTable
  /**
   * What answers are held to, and `validate` is about: `ccccAnswers()` of `signalbox/cccc/answers`. The whole client brings it along; for
   * the small one an answer is an envelope with an object in it, whatever that holds.
   */
  readonly answers?: CcccAnswerCheck
}

export interface CcccCore extends AsyncDisposable {
  /** Calls any op, by its wire name and with its wire arguments; gives its result. */
  call<Op extends CcccOp | (string & {})>(op: Op, ...rest: OptionalArgs<ArgsOf<Op>, CcccCallOptions>): Promise<ResultOf<Op>>
  /** The same, with the whole answer. A refusal still rejects. */
  callRaw<Op extends CcccOp | (string & {})>(op: Op, ...rest: OptionalArgs<ArgsOf<Op>, CcccCallOptions>): Promise<Loose>
  /** For ops that take over their connection: bytes both ways after the answer. Closing it is the caller's part. */
  open<Op extends CcccTakingOver | (string & {})>(op: Op, args: ArgsOf<Op>, options?: CcccCallOptions): Promise<CcccChannel>
  readonly principal: string
  readonly clock: Clock
  readonly wire: Wire
  /** Work of ours that ends with the client: its deadline falls, and `close` waits for it. */
  hold<Result>(deadline: Deadline, work: Promise<Result>): Promise<Result>
  notify(notice: CcccNotice): void
  /** Ends every call and stream, and waits for their connections to end politely. Idempotent. */
  close(): Promise<void>
}

const DEFAULT_TIMEOUT_MS = 30_000

/** For programs that use a few ops and want nothing else in their bundle. */
export function createCcccCore(options: CcccCoreOptions): CcccCore {
  const { transport, clock = systemClock, ops, validate = 'warn', principal = 'user', timeoutMs = DEFAULT_TIMEOUT_MS } = options
  const { answers, limits } = options
  if (validate === 'strict' && !answers) {
    throw badArgument(
      'validate',
      "validate: 'strict' has nothing to go by.",
      'Pass answers: ccccAnswers() of signalbox/cccc/answers.',
    )
  }
  // In plain JavaScript nothing else says so.
  if ((transport.kind as string) === 'exchange')
    throw badArgument(
      'transport',
      'An exchange alone knows no routes.',
      'Wrap it: ccccWebPort({ exchange }) of signalbox/cccc/web.',
    )
  const maxLineBytes = limits?.maxLineBytes ?? MAX_LINE_BYTES
  const wire = transport.kind === 'web' ? transport.wire : socketWire({ transport, clock, maxLineBytes })
  const caller = createCaller({ system: 'cccc', transport: wire.name, interceptors: options.interceptors, timeoutMs, clock })
  const live = new Map<Deadline, Promise<unknown>>()
  let over: CcccError | undefined
  let closing: Promise<void> | undefined

  const notify = (notice: CcccNotice): void => {
    try {
      options.onEvent?.(notice)
    } catch {
      // An observer's failure is its own.
    }
  }

  const inspect = (op: string, result: Loose): void => {
    const issue = validate === 'off' ? undefined : answers?.(op, result)
    if (!issue) return
    if (validate === 'warn') return notify({ type: 'invalid', op, ...issue })
    throw new CcccError({
      code: 'invalid_message',
      op,
      sent: 'yes',
      message: `The answer to ${op} is broken at ${issue.path}: ${issue.message}.`,
      hint: "validate: 'warn' delivers it all the same.",
    })
  }

  const hold = <Result>(deadline: Deadline, work: Promise<Result>): Promise<Result> => {
    live.set(deadline, work)
    if (over) deadline.abort(over)
    return work.finally(() => live.delete(deadline))
  }

  /** What unary calls and openings share: the caller's signal joined with the client's life, the interceptors, and refusals. */
  const run = async <Reply extends { readonly answer: Loose; readonly link?: Link }, Result>(
    kind: 'unary' | 'stream',
    op: string,
    args: Loose,
    call: CcccCallOptions,
    attempt: (io: WireOptions) => Promise<Reply>,
    finish: (reply: Reply, result: Loose) => Result,
  ): Promise<Result> => {
    if (over) throw new CcccError({ code: 'closed', op, message: `Cannot call ${op}: this client was closed.` })
    const deadline = createDeadline({ signal: call.signal })
    const idempotent = call.idempotent ?? ops?.get(op)?.idempotent ?? false
    const spec = { op, kind, args: withoutSecrets(op, args), idempotent }
    const running = caller.run(spec, { ...call, signal: deadline.signal }, async ({ signal, trace }) => {
      const reply = await attempt({ signal, trace })
      const { answer, link } = reply
      // A missing result counts as an empty one, as in the published clients.
      if (answer.ok === true) return finish(reply, recordOr(answer.result))
      await link?.close()
      throw apiError(op, answer, scrubberFor(op, args))
    })
    try {
      return await hold(deadline, running)
    } finally {
      deadline[Symbol.dispose]()
    }
  }

  const envelope = (op: string, args: Loose = {}, call: CcccCallOptions = {}): Promise<Loose & { readonly result: Loose }> => {
    const ask = async (io: WireOptions) => ({ answer: await wire.request(op, args, io) })
    return run('unary', op, args, call, ask, ({ answer }, result) => {
      inspect(op, result)
      return { ...answer, result: call.maskedValues ? result : withoutMasks(result) }
    })
  }

  const core: CcccCore = {
    call: async (op, ...[args, call]) => (await envelope(op, args as Loose | undefined, call)).result as ResultOf<typeof op>,
    callRaw: (op, ...[args, call]) => envelope(op, args as Loose | undefined, call),
    open(op, args, call = {}) {
      const take = (io: WireOptions) => wire.open(op, args as Loose, io)
      return run('stream', op, args as Loose, call, take, ({ link }, handshake) => ({
        handshake,
        link,
        [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
      }))
    },
    principal,
    clock,
    wire,
    hold,
    notify,
    close() {
      over ??= new CcccError({ code: 'closed', message: 'The client was closed.' })
      closing ??= (async () => {
        const ending = [...live]
        for (const [deadline] of ending) deadline.abort(over)
        // First everything knows that it is over, then the connections that were left are ended politely.
        await Promise.allSettled(ending.map(([, work]) => work))
        await wire.close()
      })()
      return closing
    },
    [Symbol.asyncDispose]: () => core.close(),
  }
  return core
}
