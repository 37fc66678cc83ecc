/** The small client: any command by its name, with deadlines and typed failures. The full client is built on it. */
import { createCaller, type Caller, type CallOptions, type ClientOptions } from '../core/call.js'
import { SignalboxError, withFacts } from '../errors.js'
import type { StreamTransport } from '../transport.js'
import { commandOf } from './commands.js'
import { createExchange, type Exchange, type Line } from './exchange.js'

/** Options that both clients share. */
export interface CccCoreOptions extends Omit<ClientOptions, 'validate'> {
  /** How to reach the server, for example `cccSocket()` of `signalbox/node`. */
  readonly transport: StreamTransport<void>
  /** Longest answer that is read; default 32 MiB. A longer one fails with `too_large`. */
  readonly maxLineBytes?: number
}

/** The small client. */
export interface CccCore extends AsyncDisposable {
  /**
   * Runs any command of any server version. Fields and answer have the names of the wire. A command that this client does not know is
   * assumed to change something, unless `idempotent` says otherwise.
   *
   * Fails with `unsupported` if the server does not know the command, and with `invalid_argument` if a field cannot be written as JSON.
   *
   * @example
   * import { createCcc } from 'signalbox/ccc'
   * import { cccSocket } from 'signalbox/node'
   *
   * await using ccc = createCcc({ transport: cccSocket() })
   * const { result } = await ccc.call('agent.status', { payload: { name: 'myproject' } }, { idempotent: true })
   * console.log(result)
   */
  call(cmd: string, fields?: Line, options?: CallOptions & { readonly idempotent?: boolean }): Promise<Line>
  /**
   * Ends every connection and stream of this client, those that are being opened too. Later calls fail with `closed`.
   *
   * @example
   * import { createCcc } from 'signalbox/ccc'
   * import { cccSocket } from 'signalbox/node'
   *
   * const ccc = createCcc({ transport: cccSocket() })
   * await ccc.ping()
   * await ccc.close() // `await using` does the same
   */
  close(): Promise<void>
}

/**
 * Creates a client with `call` and `close` only, for a program that needs a command or two: no schemas, no streams, no attribution of answers.
 *
 * @example
 * import { createCccCore } from 'signalbox/ccc'
 * import { cccSocket } from 'signalbox/node'
 *
 * await using ccc = createCccCore({ transport: cccSocket() })
 * const { message_id } = await ccc.call('send', { session: 'myproject', text: 'Run the tests.' })
 * console.log(message_id)
 */
export function createCccCore(options: CccCoreOptions): CccCore {
  const { call, close } = openSmallClient(options)
  return { call, close, [Symbol.asyncDispose]: close }
}

export interface SmallClient extends Pick<CccCore, 'call'>, Exchange {
  readonly run: Caller['run']
}

export function openSmallClient(options: CccCoreOptions): SmallClient {
  const exchange = createExchange(options)
  const { run } = createCaller({ ...options, system: 'ccc', transport: options.transport.name })
  return {
    ...exchange,
    run,
    async call(cmd, fields, callOptions = {}) {
      const { reads, timeoutMs: usualMs } = commandOf(cmd)
      const { idempotent = reads, timeoutMs = options.timeoutMs ?? usualMs } = callOptions
      try {
        return await run({ op: cmd, args: fields, idempotent }, { ...callOptions, timeoutMs }, async (at) => {
          const { link, first } = await exchange.converse({ ...fields, cmd }, at)
          await link.close()
          return first
        })
      } catch (error) {
        // A read has no effect, whether or not the server got it.
        if (reads && SignalboxError.is(error) && error.sent === 'maybe') throw withFacts(error, {}, { sent: 'no' })
        throw error
      }
    },
  }
}
