/** `signalbox gateway tickets | credentials | ticket | revoke | audit`: asks the running gateway over its admin socket. */
import { parseArgs } from 'node:util'
import { SignalboxError } from '../../../src/errors.js'
import { isScope } from '../../../src/gateway/index.js'
import { askAdminSocket } from '../gateway/admin-socket.js'
import { adminSocketOf } from '../gateway/run.js'
import { DEFAULT_PORT, defaultTokenFile, type Terminal } from './gateway.js'

export const ADMIN_COMMANDS: readonly string[] = ['tickets', 'credentials', 'ticket', 'revoke', 'audit']

export const ADMIN_HELP = `signalbox gateway credentials    the credentials of the running gateway, one JSON line each
signalbox gateway tickets        its tickets that were not used yet
signalbox gateway ticket         prints an address with a new ticket
signalbox gateway revoke ID      withdraws a credential (by id or name) or a ticket
signalbox gateway audit          the last lines of the audit log

  --port PORT           of the gateway; default 8700
  --admin-socket FILE   of the gateway, where it is not in its usual place
  --scopes SCOPES       of the ticket; default those of the gateway
  --upstreams NAMES     of the ticket; default all
  --name NAME           of the credential that the ticket gives
  --device              the credential lasts 90 days and survives a restart
  --credential ID       only its lines of the audit log, by id or name
  --limit N             so many lines of the audit log; default 100
`

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  port: { type: 'string' },
  'admin-socket': { type: 'string' },
  scopes: { type: 'string' },
  upstreams: { type: 'string' },
  name: { type: 'string' },
  device: { type: 'boolean' },
  credential: { type: 'string' },
  limit: { type: 'string' },
} as const

const wrong = (message: string): SignalboxError =>
  new SignalboxError({ code: 'invalid_argument', message, hint: 'signalbox --help lists what there is.' })

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], strict: true, allowPositionals: true, options: OPTIONS })
  } catch (error) {
    throw wrong((error as Error).message)
  }
}

function numberOf(value: string | undefined, what: string): number | undefined {
  if (value === undefined) return undefined
  if (!/^\d{1,6}$/.test(value)) throw wrong(`"${value}" is no ${what}.`)
  return Number(value)
}

const listOf = (value: string | undefined): string[] | undefined => value?.split(',').map((each) => each.trim())

/** Prints JSON lines, one for each thing. */
export async function askGateway([command = '', ...args]: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parsed(args)
  if (values.help) {
    terminal.print(ADMIN_HELP)
    return 0
  }
  const port = numberOf(values.port, 'port') ?? DEFAULT_PORT
  const path = values['admin-socket'] ?? adminSocketOf(defaultTokenFile(terminal, port))
  const print = (lines: readonly object[]): void => {
    for (const line of lines) terminal.print(JSON.stringify(line))
  }
  if (command === 'tickets') print((await askAdminSocket(path, { op: 'tickets' })).tickets)
  else if (command === 'credentials') print((await askAdminSocket(path, { op: 'credentials' })).credentials)
  else if (command === 'ticket') {
    const { name, device } = values
    const scopes = listOf(values.scopes)
    const strange = scopes?.find((scope) => !isScope(scope))
    if (strange !== undefined) throw wrong(`There is no scope "${strange}".`)
    const asked = { op: 'ticket', scopes: scopes?.filter(isScope), upstreams: listOf(values.upstreams), name, device } as const
    terminal.print((await askAdminSocket(path, asked)).url)
  } else if (command === 'revoke') {
    const [id] = positionals
    if (id === undefined) throw wrong('revoke needs the id or the name of a credential, or the id of a ticket.')
    const { revoked } = await askAdminSocket(path, { op: 'revoke', id })
    terminal.print(`Withdrawn: ${revoked}.`)
    return revoked > 0 ? 0 : 1
  } else {
    const asked = { op: 'audit', limit: numberOf(values.limit, 'number of lines'), credential: values.credential } as const
    print((await askAdminSocket(path, asked)).entries)
  }
  return 0
}
