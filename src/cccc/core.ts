/**
 * The small client: any op by its wire name, typed, over one wire. Everything else in this room is built on it, and a program that needs
 * three ops can stop here.
 */
import { createCaller, type CallOptions, type ClientOptions } from '../core/call.js'
import { systemClock, type Clock } from '../core/clock.js'
import { createScope, type Scope } from '../core/scope.js'
import type { StreamTransport } from '../transport.js'
import { apiError, CcccError } from './errors.js'
import type { CcccOps, CcccTakingOver } from './ops.gen.js'
import { scrubberFor, withoutMasks, withoutSecrets } from './secrets.js'
import { isRecord, type Loose } from './shapes.js'
import { socketWire } from './socket-wire.js'
import type { OpInfo } from './table.js'
import type { CcccChannel, Wire } from './wire.js'

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
  /** What is known about ops: which may be repeated, what their answers hold. `loadOps()` gives all of it. */
  readonly ops?: ReadonlyMap<string, OpInfo>
  /** Checks answers against the table; needs `ops`. */
  readonly checkAnswer?: (info: OpInfo, result: unknown) => { path: string; message: string } | undefined
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
  /** Ends with the client. Long-lived work of ours follows it. */
  readonly life: AbortSignal
  notify(notice: CcccNotice): void
  /** Ends every call and stream, and waits for their connections to end politely. Idempotent. */
  close(): Promise<void>
}

const DEFAULT_TIMEOUT_MS = 30_000
const DEFAULT_LINE_BYTES = 32 * 1024 * 1024

/** For programs that use a few ops and want nothing else in their bundle. */
export function createCcccCore(options: CcccCoreOptions): CcccCore {
  const { transport, limits, clock = systemClock } = options
  if (transport.kind === 'web') return coreOver(transport.wire, options)
  return coreOver(socketWire({ transport, clock, maxLineBytes: limits?.maxLineBytes ?? DEFAULT_LINE_BYTES }), options)
}

function coreOver(wire: Wire, options: Omit<CcccCoreOptions, 'transport'>): CcccCore {
  const { clock = systemClock, ops, validate = 'warn', principal = 'user', timeoutMs = DEFAULT_TIMEOUT_MS } = options
  const caller = createCaller({ system: 'cccc', transport: wire.name, interceptors: options.interceptors, timeoutMs, clock })
  const life = createScope()
  const live = new Map<Scope, Promise<unknown>>()
  let closing: Promise<void> | undefined

  const notify = (notice: CcccNotice): void => {
    try {
      options.onEvent?.(notice)
    } catch {
      // An observer's failure is its own.
    }
  }

  const inspect = (op: string, result: Loose): void => {
    const info = ops?.get(op)
    const issue = info && validate !== 'off' ? options.checkAnswer?.(info, result) : undefined
    if (!issue) return
    if (validate === 'warn') {
      notify({ type: 'invalid', op, ...issue })
      return
    }
    throw new CcccError({
      code: 'invalid_message',
      op,
      sent: 'yes',
      message: `The answer to ${op} is broken at ${issue.path}: ${issue.message}.`,
      hint: "Report the daemon's version, or pass validate: 'warn' to get it as it is.",
    })
  }

  /** The part that unary calls and openings share: the caller's signal joined with the client's life, and the chain of interceptors. */
  const run = async <Result>(
    kind: 'unary' | 'stream',
    op: string,
    args: Loose,
    call: CcccCallOptions,
    attempt: (signal: AbortSignal, trace: Readonly<Record<string, string>>) => Promise<Result>,
  ): Promise<Result> => {
    if (closing) throw new CcccError({ code: 'closed', op, message: `Cannot call ${op}: this client was closed.` })
    const scope = createScope({ signal: call.signal })
    const idempotent = call.idempotent ?? ops?.get(op)?.idempotent ?? false
    const limit = call.timeoutMs === undefined ? {} : { timeoutMs: call.timeoutMs }
    const spec = { op, kind, args: withoutSecrets(op, args), idempotent }
    const running = caller.run(spec, { signal: scope.signal, ...limit }, (at) => attempt(at.signal, at.trace))
    live.set(scope, running)
    try {
      return await running
    } finally {
      live.delete(scope)
      scope[Symbol.dispose]()
    }
  }

  const envelope = (op: string, args: Loose = {}, call: CcccCallOptions = {}): Promise<Loose> =>
    run('unary', op, args, call, async (signal, trace) => {
      const answer = await wire.request(op, args, { signal, trace })
      if (answer.ok !== true) throw apiError(op, answer, scrubberFor(op, args), { transport: wire.name })
      // A missing result counts as an empty one, as in the published clients.
      const result = isRecord(answer.result) ? answer.result : {}
      inspect(op, result)
      return { ...answer, result: call.maskedValues ? result : withoutMasks(result) }
    })

  const core: CcccCore = {
    async call(op, ...[args, call]) {
      const answer = await envelope(op, args as Loose | undefined, call)
      return answer.result as ResultOf<typeof op>
    },
    callRaw: (op, ...[args, call]) => envelope(op, args as Loose | undefined, call),
    open: (op, args, call = {}) =>
      run('stream', op, args as Loose, call, async (signal, trace) => {
        const { answer, link } = await wire.open(op, args as Loose, { signal, trace })
        if (answer.ok !== true) {
          await link.close()
          throw apiError(op, answer, scrubberFor(op, args as Loose), { transport: wire.name })
        }
        const handshake = isRecord(answer.result) ? answer.result : {}
        return { handshake, link, [Symbol.asyncDispose]: () => link[Symbol.asyncDispose]() }
      }),
    principal,
    clock,
    wire,
    life: life.signal,
    notify,
    close() {
      closing ??= (async () => {
        const reason = new CcccError({ code: 'closed', message: 'The client was closed.' })
        life.abort(reason)
        const ending = [...live]
        for (const [scope] of ending) scope.abort(reason)
        // First every call knows that it is over, then the connections that they leave are ended politely.
        await Promise.allSettled(ending.map(([, running]) => running))
        await wire.close()
      })()
      return closing
    },
    [Symbol.asyncDispose]: () => core.close(),
  }
  return core
}
