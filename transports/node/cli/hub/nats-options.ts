/** Reads the values of `--nats`, `--nats-creds` and `--machines`. */
import { readFile, stat } from 'node:fs/promises'
import { SignalboxError } from '../../../../src/errors.js'

export interface NatsAddresses {
  /** The addresses, without a user and a password. */
  readonly servers: readonly string[]
  /** The same for messages. */
  readonly host: string
  readonly isWeb: boolean
  readonly isTls: boolean
  /** The user and the password, or the token, of the first address. */
  readonly login: { readonly user?: string; readonly pass?: string; readonly token?: string }
}

const ADDRESS = /^(?:(nats|tls|ws|wss):\/\/)?(?:([^@/]*)@)?([^@/\s]+)\/?$/

const invalid = (message: string, hint: string): SignalboxError =>
  new SignalboxError({ code: 'invalid_argument', system: 'nats', message, hint })

/** Reads the addresses of one server or of a cluster. Throws `invalid_argument`. */
export function readAddresses(url: string): NatsAddresses {
  const parts = url.split(',').map((each) => {
    const [, scheme = 'nats', userInfo, host] = ADDRESS.exec(each.trim()) ?? []
    if (host === undefined) {
      const shown = each.trim().replace(/\/\/[^/@]*@/, '//')
      throw invalid(
        `"${shown}" is no address of a NATS server.`,
        'An address is nats://host:4222, tls://host:4222 or wss://host:8443.',
      )
    }
    return { scheme, userInfo, server: `${scheme}://${host}` }
  })
  const schemes = new Set(parts.map(({ scheme }) => scheme))
  const isWeb = schemes.has('ws') || schemes.has('wss')
  if (isWeb && (schemes.has('nats') || schemes.has('tls'))) {
    throw invalid('The addresses of --nats mix WebSocket and TCP.', 'Use one kind for all servers of the cluster.')
  }
  const servers = parts.map(({ server }) => server)
  return { servers, host: servers.join(','), isWeb, isTls: schemes.has('tls'), login: loginOf(parts[0]?.userInfo) }
}

function loginOf(userInfo: string | undefined): NatsAddresses['login'] {
  if (userInfo === undefined || userInfo === '') return {}
  const [name = '', ...rest] = userInfo.split(':')
  return rest.length === 0
    ? { token: decodeURIComponent(name) }
    : { user: decodeURIComponent(name), pass: decodeURIComponent(rest.join(':')) }
}

export interface NatsCredentials {
  /** `creds`: a JWT with a seed, as `nsc` writes it. `seed`: the seed of an nkey alone. */
  readonly kind: 'creds' | 'seed'
  readonly bytes: Uint8Array
}

const OTHERS_MAY_USE = 0o077

/**
 * Reads a file of credentials. Rejects with `not_found`, with `permission_denied` when other users of this machine may read the file, or with
 * `invalid_argument`. The content is in no message.
 */
export async function readCredentials(path: string): Promise<NatsCredentials> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const message = `The file of credentials ${path} cannot be read: ${cause.code ?? 'unknown reason'}.`
    throw new SignalboxError({ code: 'not_found', system: 'nats', message, hint: 'Check the path and the permissions.' })
  })
  if (process.getuid && ((await stat(path)).mode & OTHERS_MAY_USE) !== 0) {
    const message = `The file of credentials ${path} may be read by other users of this machine.`
    throw new SignalboxError({ code: 'permission_denied', system: 'nats', message, hint: `Run "chmod 600 ${path}".` })
  }
  if (/BEGIN NATS USER JWT[\s\S]*BEGIN USER NKEY SEED/.test(text)) return { kind: 'creds', bytes: Buffer.from(text) }
  const seed = text.trim()
  if (/^SU[A-Z2-7]{56}$/.test(seed)) return { kind: 'seed', bytes: Buffer.from(seed) }
  throw invalid(
    `The file ${path} holds no credentials of a NATS user.`,
    'It must be a .creds file of nsc, or hold the seed of a user (SU…), as "nk -gen user" prints it.',
  )
}

export interface NamedMachine {
  readonly name: string
  readonly credentials: string
}

/** Reads `laptop=laptop.seed,desk=desk.seed`. Throws `invalid_argument`. */
export function readMachines(text: string): readonly NamedMachine[] {
  return text.split(',').map((part) => {
    const [, name, credentials] = /^([^=/:#\s]+)=(.+)$/.exec(part.trim()) ?? []
    if (name !== undefined && credentials !== undefined) return { name, credentials }
    throw invalid(
      `"${part.trim()}" in --machines is no machine.`,
      'A machine is name=FILE, where FILE has the credentials for its account.',
    )
  })
}
