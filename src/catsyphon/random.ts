/** Hex digits. Pages that are not served over https have no `randomUUID`. */
export function hex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

export const randomHex = (bytes: number): string => hex(crypto.getRandomValues(new Uint8Array(bytes)))

/** Makes random hex texts of one length. Random bytes are fetched for many at once, because each fetch costs more than the bytes. */
export function createRandomHex(bytes: number): () => string {
  const pool = new Uint8Array(bytes * 512)
  let used = pool.length
  return () => {
    if (used === pool.length) {
      crypto.getRandomValues(pool)
      used = 0
    }
    used += bytes
    return hex(pool.subarray(used - bytes, used))
  }
}
