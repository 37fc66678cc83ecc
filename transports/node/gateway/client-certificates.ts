/** Machines that are known by the certificate of their TLS connection instead of a token. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { SignalboxError } from '../../../src/errors.js'
import { Refusal, type Credentials } from '../../../src/gateway/index.js'
import type { Tls } from './tls.js'

export interface ClientCertificates {
  /** The token of the machine that sent this request; undefined when it shows no certificate, or is a browser. Throws the refusal when one is required. */
  tokenFor(request: IncomingMessage): string | undefined
}

const plain = (fingerprint: string): string => fingerprint.replace(/^.*=/, '').replaceAll(':', '').toUpperCase()

/** Issues a credential to each machine, under its name. The tokens never leave this process. */
export async function knowClients(
  credentials: Credentials,
  { clients = [], requireClientCertificate = false }: Partial<Tls>,
): Promise<ClientCertificates> {
  const tokens = new Map<string, string>()
  for (const { fingerprint, name, scopes, upstreams } of clients) {
    if (!/^[0-9A-F]{64}$/.test(plain(fingerprint))) {
      const message = `The fingerprint of "${name}" is not a SHA-256 fingerprint.`
      throw new SignalboxError({
        code: 'invalid_argument',
        message,
        hint: 'openssl x509 -in client.crt -noout -fingerprint -sha256',
      })
    }
    const { token } = await credentials.issueToken({ name, ...(scopes ? { scopes } : {}), ...(upstreams ? { upstreams } : {}) })
    tokens.set(plain(fingerprint), token)
  }
  return {
    tokenFor({ socket, headers }) {
      if (tokens.size === 0) return undefined
      const token = tokens.get(fingerprintOf(socket))
      if (token === undefined && requireClientCertificate) {
        throw new Refusal('unauthenticated', { message: 'The connection shows no certificate that this gateway knows.' })
      }
      // A browser sends its certificate for every page, so a certificate alone does not admit a browser: it always needs a token.
      const isBrowser = headers.origin !== undefined || Object.keys(headers).some((name) => name.startsWith('sec-fetch-'))
      return isBrowser ? undefined : token
    },
  }
}

function fingerprintOf(socket: Socket): string {
  const certificate = socket instanceof TLSSocket ? socket.getPeerCertificate() : undefined
  return plain(certificate?.fingerprint256 ?? '')
}
