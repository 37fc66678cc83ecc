/** In a file without Node's types, so that the declarations of `signalbox/node` need none. */
import type { GrantRequest } from '../../../src/gateway/index.js'

/** The server's key and certificate, and the machines that it knows by theirs. */
export interface Tls {
  readonly key: string
  readonly cert: string
  /** Machines that need no token: the SHA-256 fingerprint of each certificate, as `openssl x509 -fingerprint -sha256` prints it. */
  readonly clients?: readonly TlsClient[]
  /** Refuses connections without a certificate of `clients`. */
  readonly requireClientCertificate?: boolean
}

export interface TlsClient extends Pick<GrantRequest, 'scopes' | 'upstreams'> {
  readonly name: string
  readonly fingerprint: string
}
