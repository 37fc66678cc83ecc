/** Random credentials, and a comparison whose duration reveals nothing: digests of both sides are compared, never the texts. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

function base64url(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(at, at + 3)
    const group = [a >> 2, ((a & 3) << 4) | (b >> 4), ((b & 15) << 2) | (c >> 6), c & 63]
    const length = Math.min(3, bytes.length - at) + 1
    for (const index of group.slice(0, length)) text += ALPHABET[index]
  }
  return text
}

/** 256 bits, with a prefix that the redactor and secret scanners recognise. */
export function randomSecret(prefix: 'sbx_token' | 'sbx_ticket'): string {
  return `${prefix}_${base64url(crypto.getRandomValues(new Uint8Array(32)))}`
}

/** An id of 72 random bits. It is no secret. */
export function randomId(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(9)))
}

/** The digest under which a credential is stored. The credential itself is not stored. */
export async function digestOf(secret: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret))
  return base64url(new Uint8Array(digest))
}
