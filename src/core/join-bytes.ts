/** Joins chunks into one array. The result is always a copy. */
export function joinBytes(
  chunks: readonly Uint8Array[],
  bytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0),
): Uint8Array {
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}
