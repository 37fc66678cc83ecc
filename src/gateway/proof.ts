/**
 * Proof of possession: a credential can be bound to a key that its device makes and cannot export. Each request then carries a signature by
 * that key, so a token that was copied to another machine is useless.
 */
import type { Clock } from '../core/clock.js'
import { ALGORITHM, proofText, subtle, type ProofKey, type ProofTarget } from './proof-key.js'
import { Refusal } from './refusal.js'

/** How far the clocks of the two sides may differ, and how long a proof is good for. */
const PROOF_TTL_MS = 60_000
const MAX_NONCES = 20_000

/** Checks a key from a client. Throws the refusal when it is not a valid key. */
export function checkedProofKey(value: unknown): ProofKey {
  const { kty, crv, x, y } = Object(value) as Record<string, unknown>
  const isPart = (part: unknown): part is string => typeof part === 'string' && /^[\w-]{43}$/.test(part)
  if (kty === 'EC' && crv === 'P-256' && isPart(x) && isPart(y)) return { kty, crv, x, y }
  throw new Refusal('invalid_request', { message: 'The proof key is not the public half of a P-256 key.' })
}

/** Checks proofs. Each proof is accepted once. */
export interface ProofChecker {
  /** Throws the refusal when the proof is missing, wrong, old or used. */
  check(key: ProofKey, tokenDigest: string, proof: string | undefined, target: ProofTarget | undefined): Promise<void>
}

/** Remembers the proofs of the last two minutes. */
export function createProofChecker(clock: Clock): ProofChecker {
  /** Nonces by the time from which they cannot be used anyway. */
  const used = new Map<string, number>()
  const refused = (): Refusal =>
    new Refusal('unauthenticated', {
      message: 'The credential is bound to a key, and this request carries no valid proof of it.',
      hint: 'Sign each request with the key of the device that redeemed the ticket, and set the clock of that device.',
    })

  const remember = (nonce: string): boolean => {
    const now = clock.now()
    if (used.size >= MAX_NONCES) for (const [old, until] of used) if (until <= now) used.delete(old)
    if (used.has(nonce) || used.size >= MAX_NONCES) return false
    used.set(nonce, now + 2 * PROOF_TTL_MS)
    return true
  }
  return {
    async check(key, tokenDigest, proof, target) {
      const [, timestampMs = '', nonce = '', hex = ''] = /^(\d{1,15})\.([\w-]{8,32})\.([0-9a-f]{128})$/.exec(proof ?? '') ?? []
      if (!target || hex === '' || Math.abs(clock.now() - Number(timestampMs)) > PROOF_TTL_MS) throw refused()
      const signature = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
      const publicKey = await subtle()
        .importKey('jwk', { ...key }, ALGORITHM, false, ['verify'])
        .catch(() => undefined)
      const text = proofText(target, timestampMs, nonce, tokenDigest)
      if (!publicKey || !(await subtle().verify(ALGORITHM, publicKey, signature, text))) throw refused()
      // Only valid proofs are remembered, so that a client without the key cannot fill the memory.
      if (!remember(`${tokenDigest} ${nonce}`)) throw refused()
    },
  }
}
