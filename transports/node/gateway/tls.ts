/** In a file without Node's types, so that the declarations of `signalbox/node` need none. */
import type { GrantRequest } from '../../../src/gateway/index.js'

/** The server's key and certificate, and the machines that it knows by theirs. */
export interface Tls {
  /** The private key, as PEM text. */
  readonly key: string
  /** The certificate with its chain, as PEM text. */
  readonly cert: string
  /** Machines that need no token: the SHA-256 fingerprint of each certificate, as `openssl x509 -fingerprint -sha256` prints it. */
  readonly clients?: readonly TlsClient[]
  /** Refuses connections without a certificate of `clients`. */
  readonly requireClientCertificate?: boolean
}

/** A machine that is known by its certificate, and what it may do. */
export interface TlsClient extends Pick<GrantRequest, 'scopes' | 'upstreams'> {
  /** A name for people, in logs and in the list of credentials. */
  readonly name: string
  /** SHA-256 of the certificate, as `openssl x509 -fingerprint -sha256` prints it. */
  readonly fingerprint: string
}
