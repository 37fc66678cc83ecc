/**
 * The small client: any op by its wire name, typed, over one wire. The whole client is built on it, and a program that needs three ops
 * can use it alone.
 */
import { createCaller, type CallOptions, type ClientOptions } from '../core/call.js'
import { systemClock, type Clock } from '../core/clock.js'
import { MAX_LINE_BYTES } from '../core/codec/ndjson.js'
import type { Deadline } from '../core/deadline.js'
import type { Link, StreamTransport } from '../transport.js'
import { apiError, badArgument, CcccError } from './errors.js'
import type { CcccOps, CcccTakingOver } from './ops.gen.js'
import { scrubberFor, withoutMasks, withoutSecrets } from './secrets.js'
import { recordOr, type CcccAnswerCheck, type Loose } from './shapes.js'
import { socketWire } from './socket-wire.js'
import type { OpTable } from './table.js'
import type { CcccChannel, Wire, WireReply } from './wire.js'

/** The name of an op in the table, as it goes over the wire: `group_show`. */
export type CcccOp = keyof CcccOps
/** The wire arguments of an op; an open object for an op that the table lacks. */
export type ArgsOf<Op extends string> = Op extends CcccOp ? CcccOps[Op]['args'] : Loose
/** The result of an op; an open object for an op that the table lacks. */
export type ResultOf<Op extends string> = Op extends CcccOp ? CcccOps[Op]['result'] : Loose

/** What every call takes beside its arguments. */
export interface CcccCallOptions extends CallOptions {
  /** Returns the masked secrets that some answers hold (two characters from each end of a value). Default: they are removed. */
  readonly maskedValues?: boolean
  /** Whether this call may be repeated. Default: the entry of the op table; `false` for an op that it lacks. */
  readonly idempotent?: boolean
}

/** The parameters of a call: the arguments may be left out when no field of them is required. */
export type OptionalArgs<Args, Options> =
  Record<never, never> extends Args ? [args?: Args, options?: Options] : [args: Args, options?: Options]

/** What the client reports through `onEvent`. */
export type CcccNotice =
  /** An answer lacks a key that every tested daemon gives. With `validate: 'warn'` the answer is delivered all the same. */
  | { readonly type: 'invalid'; readonly op: string; readonly path: string; readonly message: string }
  /** A stream lost its connection and will connect again. */
  | { readonly type: 'reconnecting'; readonly op: string; readonly delayMs: number; readonly cause: unknown }
  /** The daemon has no event stream; its message history is polled instead. */
  | { readonly type: 'polling'; readonly op: string }
  /** The daemon's process id has changed; the client will detect its dialect again. */
  | { readonly type: 'daemon'; readonly pid: number; readonly version: string }

/** Limits of one client. */
export interface CcccLimits {
  /** The longest line that is accepted, in bytes; default 32 MiB. */
  readonly maxLineBytes?: number
}

/** A way to the daemon other than its socket; `ccccWebPort()` of `signalbox/cccc/web` makes one. */
export interface CcccPort {
  /** Tells a port from a `StreamTransport`. */
  readonly kind: 'web'
  /** Carries the requests. */
  readonly wire: Wire
}

/** Options of the small client. */
export interface CcccCoreOptions extends ClientOptions {
  /** The IPC socket, or the web port. */
  readonly transport: StreamTransport | CcccPort
  /** See {@link CcccLimits}. */
  readonly limits?: CcccLimits
  /** The `by` of a method that needs one and is called without; default `user`. */
  readonly principal?: string
  /** Receives notices. An exception that it throws is ignored. */
  readonly onEvent?: (notice: CcccNotice) => void
  /** The op table, `loadOps()`: which ops may be repeated. Without it no op is idempotent. */
  readonly ops?: OpTable
  /**
   * Checks results, as `validate` says: `ccccAnswers()`. The whole client has it by default. The small client checks without it only that
   * an answer is an envelope.
   */
  readonly answers?: CcccAnswerCheck
}

/** The small client. */
export interface CcccCore extends AsyncDisposable {
  /**
   * Calls any op by its wire name with its wire arguments and returns its result. A refusal is a `DaemonAPIError`.
   * @example
   * import { createCcccCore } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCcccCore({ transport: ccccDaemon() })
   * const { groups } = await client.call('groups')
   * console.log(groups.length)
   */
  call<Op extends CcccOp | (string & {})>(op: Op, ...rest: OptionalArgs<ArgsOf<Op>, CcccCallOptions>): Promise<ResultOf<Op>>
  /**
   * Like `call`, and returns the whole envelope: `{ v, ok, result, error }`. A refusal still rejects.
   * @example
   * import { createCcccCore } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCcccCore({ transport: ccccDaemon() })
   * console.log(await client.callRaw('ping'))
   */
  callRaw<Op extends CcccOp | (string & {})>(op: Op, ...rest: OptionalArgs<ArgsOf<Op>, CcccCallOptions>): Promise<Loose>
  /**
   * Calls an op that takes over its connection, and returns that connection. The caller closes it.
   * @example
   * import { createCcccCore } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCcccCore({ transport: ccccDaemon() })
   * await using terminal = await client.open('term_attach', { group_id: 'g_0123456789ab', actor_id: 'shell1' })
   * await terminal.link.write(new TextEncoder().encode('ls\r'))
   */
  open<Op extends CcccTakingOver | (string & {})>(op: Op, args: ArgsOf<Op>, options?: CcccCallOptions): Promise<CcccChannel>
  /** The `principal` option. */
  readonly principal: string
  /** The `clock` option. */
  readonly clock: Clock
  /** Carries the requests of this client. */
  readonly wire: Wire
  /**
   * Registers work that `close` aborts and waits for. For modules that add calls of their own to the client. Returns the outcome of
   * the work.
   *
   * @example
   * import { createCcccCore, type CcccCore } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * declare const deadline: Parameters<CcccCore['hold']>[0]
   * await using client = createCcccCore({ transport: ccccDaemon() })
   * await client.hold(deadline, client.call('ping'))
   */
  hold<Result>(deadline: Deadline, work: Promise<Result>): Promise<Result>
  /**
   * Reports a notice to `onEvent`. Never throws.
   *
   * @example
   * import { createCcccCore } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCcccCore({ transport: ccccDaemon(), onEvent: (notice) => console.log(notice.type) })
   * client.notify({ type: 'polling', op: 'events_stream' })
   */
  notify(notice: CcccNotice): void
  /**
   * Aborts every call and stream with `closed` and waits, within bounds, until their connections have ended. A second call returns the
   * same promise.
   * @example
   * import { createCcccCore } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * const client = createCcccCore({ transport: ccccDaemon() })
   * await client.call('ping')
   * await client.close()
   */
  close(): Promise<void>
}

const DEFAULT_TIMEOUT_MS = 30_000

/** A reply whose `ok` is true and whose result is an object. */
interface CheckedReply extends WireReply {
  readonly answer: Loose & { readonly result: Loose }
}

/**
 * Makes the small client: `call`, `callRaw` and `open`, without the op table, the streams and the dialects.
 * @example
 * import { createCcccCore } from 'signalbox/cccc'
 * import { ccccDaemon } from 'signalbox/node'
 *
 * await using client = createCcccCore({ transport: ccccDaemon() })
 * const { pid, version } = await client.call('ping')
 * console.log(pid, version)
 */
export function createCcccCore(options: CcccCoreOptions): CcccCore {
  const { transport, clock = systemClock, ops, validate = 'warn', principal = 'user', timeoutMs = DEFAULT_TIMEOUT_MS } = options
  const { answers, limits } = options
  if (validate === 'strict' && !answers) {
    throw badArgument('validate', "validate: 'strict' needs a description of the answers.", 'Pass answers: ccccAnswers().')
  }
  // The types refuse it; a JavaScript caller needs the sentence.
  if ((transport.kind as string) === 'exchange') {
    throw badArgument(
      'transport',
      'An exchange transport does not know the routes of the web port.',
      'Wrap it: ccccWebPort({ exchange }) of signalbox/cccc/web.',
    )
  }
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
      // A failure of the observer must not become a failure of the call.
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

  /** What the daemon answered, checked: a refusal becomes an error. */
  const checked = async (op: string, args: Loose, call: CcccCallOptions, { answer, link }: WireReply): Promise<CheckedReply> => {
    if (answer.ok !== true) {
      await link?.close()
      throw apiError(op, answer, scrubberFor(op, args))
    }
    // A missing result counts as an empty one, as in the published clients.
    const result = recordOr(answer.result)
    if (link) return { answer: { ...answer, result }, link }
    inspect(op, result)
    return { answer: { ...answer, result: call.maskedValues ? result : withoutMasks(result) } }
  }

  /** One call: the interceptors and the request, until the caller's signal, the deadline or the end of the client. */
  const run = async (op: string, args: Loose = {}, call: CcccCallOptions = {}, takeOver = false): Promise<CheckedReply> => {
    if (over) throw new CcccError({ code: 'closed', op, message: `Cannot call ${op}: this client was closed.` })
    const idempotent = call.idempotent ?? ops?.get(op)?.idempotent ?? false
    const spec = { op, kind: takeOver ? 'stream' : 'unary', args: withoutSecrets(op, args), idempotent } as const
    return caller.run(spec, call, async ({ deadline, trace }) =>
      checked(op, args, call, await wire.request(op, args, { deadline, trace, takeOver })),
    )
  }

  const core: CcccCore = {
    call: async (op, ...[args, call]) => (await run(op, args as Loose | undefined, call)).answer.result as ResultOf<typeof op>,
    callRaw: async (op, ...[args, call]) => (await run(op, args as Loose | undefined, call)).answer,
    async open(op, args, call) {
      const { answer, link } = await run(op, args as Loose, call, true)
      const provenLink = link as Link
      return { handshake: answer.result, link: provenLink, [Symbol.asyncDispose]: () => provenLink[Symbol.asyncDispose]() }
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
        // Every call settles first; then the connections that are left are ended politely.
        await Promise.allSettled([caller.end(over), ...ending.map(([, work]) => work)])
        await wire.close()
      })()
      return closing
    },
    [Symbol.asyncDispose]: () => core.close(),
  }
  return core
}
