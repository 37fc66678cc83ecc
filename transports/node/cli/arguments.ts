/** The arguments of the command line, as plain data. Pure. */
import { parseArgs } from 'node:util'
import { SignalboxError } from '../../../src/errors.js'
import { isScope, type Scope } from '../../../src/gateway/index.js'

export interface GatewayArguments {
  readonly help: boolean
  readonly config?: string
  readonly host?: string
  readonly port?: number
  readonly scopes?: readonly Scope[]
  readonly allowOrigins: readonly string[]
  readonly offer: readonly string[]
  readonly tokenFile?: string
  readonly pages?: string
  readonly dangerouslyListenBeyondLoopback: boolean
}

export const HELP = `signalbox gateway [options]      lets pages and workers reach the agents of this machine
signalbox detect                 shows what runs on this machine; changes nothing

signalbox gateway credentials | tickets | ticket | revoke ID | audit
                                 asks the running gateway; see its help with -h

  --config FILE         upstreams and settings as JSON; see docs/gateway.md
  --offer NAMES         offer what was found on this machine: all, or names as in "ccc,claude"
  --port PORT           default 8700; 0 for any
  --scopes SCOPES       what the token and the ticket may do: observe, send, approve, admin; default observe
  --allow-origin URL    a page of another origin that may connect; may be given more than once
  --pages FOLDER        serve these pages too
  --token-file FILE     where the token of this launch is written; default in the user's own runtime folder
  --host ADDRESS        default 127.0.0.1; others also need tls in the configuration and the next option
  --dangerously-listen-beyond-loopback
  --help
`

const wrong = (message: string): SignalboxError =>
  new SignalboxError({ code: 'invalid_argument', message, hint: 'signalbox --help lists what there is.' })

const listOf = (value: string | undefined): string[] =>
  (value ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean)

export function parseGatewayArguments(args: readonly string[]): GatewayArguments {
  let values: ReturnType<typeof parse>['values']
  try {
    values = parse(args).values
  } catch (error) {
    throw wrong((error as Error).message)
  }
  // An unset shell variable gives an empty value. It must not decide which folder is served or which scopes are granted.
  const empty = Object.entries(values).find(([, value]) => [value].flat().some((each) => /^[\s,]*$/.test(`${each}`)))
  if (empty) throw wrong(`--${empty[0]} is given without a value.`)
  const { config, host, port, scopes, 'token-file': tokenFile, pages } = values
  const chosen = listOf(scopes)
  const strange = chosen.find((scope) => !isScope(scope))
  if (strange !== undefined) throw wrong(`There is no scope "${strange}".`)
  const number = port === undefined ? undefined : Number(port)
  if (number !== undefined && !(/^\d+$/.test(`${port}`) && number <= 65_535)) throw wrong(`"${port}" is no port.`)
  return {
    help: values.help ?? false,
    allowOrigins: values['allow-origin'] ?? [],
    offer: listOf(values.offer),
    dangerouslyListenBeyondLoopback: values['dangerously-listen-beyond-loopback'] ?? false,
    ...(config === undefined ? {} : { config }),
    ...(host === undefined ? {} : { host }),
    ...(number === undefined ? {} : { port: number }),
    ...(chosen.length === 0 ? {} : { scopes: chosen.filter(isScope) }),
    ...(tokenFile === undefined ? {} : { tokenFile }),
    ...(pages === undefined ? {} : { pages }),
  }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    strict: true,
    options: {
      config: { type: 'string' },
      host: { type: 'string' },
      port: { type: 'string' },
      scopes: { type: 'string' },
      offer: { type: 'string' },
      pages: { type: 'string' },
      'allow-origin': { type: 'string', multiple: true },
      'token-file': { type: 'string' },
      'dangerously-listen-beyond-loopback': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
}
