/** The least client: any command by its name, with deadlines, typed failures and links that end with it. */
import { createCaller, type Caller, type CallOptions, type ClientOptions } from '../core/call.js'
import type { StreamTransport } from '../transport.js'
import { COMMANDS, WRITE, type Command } from './commands.js'
import { createExchange, type Exchange, type Line } from './exchange.js'

export interface CccCoreOptions extends Omit<ClientOptions, 'validate'> {
  readonly transport: StreamTransport<void>
  /** The longest answer that is read; default 32 MiB. */
  readonly maxLineBytes?: number
}

export interface CccCore extends AsyncDisposable {
  /** Any command of any server, with wire names; the answer as it came. Assumed to change something unless `idempotent` says otherwise. */
  call(cmd: string, fields?: Line, options?: CallOptions & { readonly idempotent?: boolean }): Promise<Line>
  /** Ends every connection and stream of this client, and what is being opened; later calls are `closed`. */
  close(): Promise<void>
}

/** For a program that needs a command or two and nothing else: no schemas, no streams, no bookkeeping of asks. */
export function createCccCore(options: CccCoreOptions): CccCore {
  const { call, close } = openCore(options)
  return { call, close, [Symbol.asyncDispose]: close }
}

/** What the larger client builds on. */
export interface Core extends Pick<CccCore, 'call'>, Exchange {
  readonly run: Caller['run']
}

export function openCore(options: CccCoreOptions): Core {
  const exchange = createExchange(options)
  const { run } = createCaller({ ...options, system: 'ccc', transport: options.transport.name })
  return {
    ...exchange,
    run,
    call(cmd, fields, given = {}) {
      // Whatever an object has by nature is no row: it has no numbers to give.
      const [ms, reads] = Array.isArray(COMMANDS[cmd as 'ask']) ? (COMMANDS[cmd as 'ask'] as Command) : WRITE
      const { idempotent = reads, timeoutMs = options.timeoutMs ?? ms } = given
      return run({ op: cmd, args: fields, idempotent }, { ...given, timeoutMs }, async (at) => {
        const { link, first } = await exchange.converse({ ...fields, cmd }, at)
        await link.close()
        return first
      })
    },
  }
}
