/** The client's half of the proof of possession: a key that cannot be exported signs each request. */
import { digestOf, randomId } from './secrets.js'

/** The public half of a P-256 key, as the WebCrypto of any runtime exports it. */
export interface ProofKey {
  /** The key type of the JWK. */
  readonly kty: 'EC'
  /** The curve of the JWK. */
  readonly crv: 'P-256'
  /** The x coordinate, in base64url. */
  readonly x: string
  /** The y coordinate, in base64url. */
  readonly y: string
}

/** What a proof is made for: the method (`LINK` for a link) and the path with its query, as on the wire. */
export interface ProofTarget {
  /** The HTTP method, or `LINK` for a link. */
  readonly method: string
  /** The path with its query, as on the wire. */
  readonly target: string
}

/** The header of a request that carries the proof. */
export const PROOF_HEADER = 'signalbox-proof'

/** ECDSA over P-256 with SHA-256. */
export const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/** The part of WebCrypto that is used here. It is declared here, so that the types of no runtime are needed. */
export interface ProofCrypto {
  generateKey(algorithm: object, extractable: boolean, usages: readonly string[]): Promise<ProofKeyPair>
  exportKey(format: 'jwk', key: object): Promise<{ readonly x?: string; readonly y?: string }>
  importKey(format: 'jwk', key: object, algorithm: object, extractable: boolean, usages: readonly string[]): Promise<object>
  sign(algorithm: object, key: object, text: Uint8Array): Promise<ArrayBuffer>
  verify(algorithm: object, key: object, signature: Uint8Array, text: Uint8Array): Promise<boolean>
}

/** A `CryptoKeyPair`. It can be kept in IndexedDB, where its private half stays out of reach of scripts. */
export interface ProofKeyPair {
  /** A `CryptoKey`; `publicProofKey` exports it. */
  readonly publicKey: object
  /** A `CryptoKey` that cannot be exported. */
  readonly privateKey: object
}

/** The WebCrypto of this runtime. */
export const subtle = (): ProofCrypto => crypto.subtle as unknown as ProofCrypto

/** What is signed. */
export const proofText = ({ method, target }: ProofTarget, timestampMs: string, nonce: string, tokenDigest: string): Uint8Array =>
  new TextEncoder().encode(['signalbox-proof', method, target, timestampMs, nonce, tokenDigest].join('\n'))

/**
 * Makes a key pair whose private half cannot be exported, and gives the public half for the gateway.
 *
 * @example
 * import { createProofKey } from 'signalbox/gateway'
 * import { gateway } from 'signalbox/web'
 *
 * const { pair } = await createProofKey()
 * const client = gateway('https://gateway.example', { ticket: 'sbx_ticket_…', proofKey: pair })
 * console.log(await client.session())
 */
export async function createProofKey(): Promise<{ readonly pair: ProofKeyPair; readonly publicKey: ProofKey }> {
  const pair = await subtle().generateKey(ALGORITHM, false, ['sign', 'verify'])
  return { pair, publicKey: await publicProofKey(pair) }
}

/**
 * The public half of a pair, for the gateway.
 *
 * @example
 * import { createProofKey, publicProofKey } from 'signalbox/gateway'
 *
 * const { pair } = await createProofKey()
 * console.log((await publicProofKey(pair)).crv)
 */
export async function publicProofKey(pair: ProofKeyPair): Promise<ProofKey> {
  const { x = '', y = '' } = await subtle().exportKey('jwk', pair.publicKey)
  return { kty: 'EC', crv: 'P-256', x, y }
}

/**
 * Signs one request. Gives the value of the header `signalbox-proof`, which the gateway accepts once and only for a short time.
 *
 * @example
 * import { createProofKey, PROOF_HEADER, signProof } from 'signalbox/gateway'
 *
 * const { pair } = await createProofKey()
 * const proof = await signProof(pair, 'sbx_token_…', { method: 'GET', target: '/v1/session' }, Date.now())
 * await fetch('https://gateway.example/v1/session', { headers: { [PROOF_HEADER]: proof, authorization: 'Bearer sbx_token_…' } })
 */
export async function signProof(pair: ProofKeyPair, token: string, target: ProofTarget, nowMs: number): Promise<string> {
  const nonce = randomId()
  const timestampMs = String(nowMs)
  const signature = await subtle().sign(ALGORITHM, pair.privateKey, proofText(target, timestampMs, nonce, await digestOf(token)))
  const hex = [...new Uint8Array(signature)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${timestampMs}.${nonce}.${hex}`
}
