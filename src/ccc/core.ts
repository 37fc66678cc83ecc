/** The least client: any command by its name, with deadlines, typed failures and links that end with it. */
import { createCaller, type Caller, type CallOptions, type ClientOptions } from '../core/call.js'
import { SignalboxError } from '../errors.js'
import type { Link, StreamTransport } from '../transport.js'
import { COMMANDS, type Command } from './commands.js'
import { converse, type Line, type Wire } from './exchange.js'
import { failureOf } from './failures.js'

export interface CccCoreOptions extends Omit<ClientOptions, 'validate'> {
  readonly transport: StreamTransport<void>
  /** The longest answer that is read; default 32 MiB. */
  readonly maxLineBytes?: number
}

export interface CccCore extends AsyncDisposable {
  /** Any command of any server, with wire names; the answer as it came. Assumed to change something unless `idempotent` says otherwise. */
  call(cmd: string, fields?: Line, options?: CallOptions & { readonly idempotent?: boolean }): Promise<Line>
}

/** For a program that needs a command or two and nothing else: no schemas, no streams, no bookkeeping of asks. */
export function createCccCore(options: CccCoreOptions): CccCore {
  const { call, close } = openCore(options)
  return { call, [Symbol.asyncDispose]: close }
}

/** What the larger client builds on. */
export function openCore(options: CccCoreOptions): Pick<CccCore, 'call'> & {
  readonly wire: Wire
  readonly caller: Caller
  readonly close: () => Promise<void>
} {
  const { transport, close } = ownLinks(options.transport)
  const wire = { transport, maxLineBytes: options.maxLineBytes }
  const caller = createCaller({ ...options, system: 'ccc', transport: transport.name })
  return {
    wire,
    caller,
    close,
    call(cmd, fields = {}, given = {}) {
      const known = Object.hasOwn(COMMANDS, cmd) ? (COMMANDS as Record<string, Command>)[cmd] : undefined
      const idempotent = given.idempotent ?? known?.idempotent ?? false
      const timeoutMs = given.timeoutMs ?? options.timeoutMs ?? (known ?? COMMANDS.send).timeoutMs
      return caller.run({ op: cmd, args: fields, idempotent }, { ...given, timeoutMs }, async (at) => {
        const { link, first } = await converse(wire, { ...fields, cmd }, at)
        await link.close()
        if (first.ok === true) return first
        throw failureOf(cmd, first, idempotent)
      })
    },
  }
}

/** A client that is disposed of leaves no link behind: not those that are open, not those that are being opened. */
function ownLinks(transport: StreamTransport<void>) {
  const links = new Set<Link>()
  let over = false
  const refuse = (): never => {
    throw new SignalboxError({ code: 'closed', message: 'This client was disposed of.', retryable: false })
  }
  const open: StreamTransport<void>['open'] = async (launch, given) => {
    if (over) refuse()
    const link = await transport.open(launch, given)
    if (over) {
      await link.close()
      refuse()
    }
    links.add(link)
    void link.closed.then(() => links.delete(link))
    return link
  }
  return {
    transport: { kind: transport.kind, name: transport.name, open },
    async close(): Promise<void> {
      over = true
      await Promise.all([...links].map((link) => link.close()))
    },
  }
}
