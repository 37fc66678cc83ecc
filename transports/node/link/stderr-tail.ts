/** The last bytes of a child's stderr: bounded, redacted, starting at a whole character. */
import { joinBytes } from '../../../src/core/join-bytes.js'
import { redactText } from '../../../src/redact.js'

export interface StderrTail {
  push(chunk: Uint8Array): void
  text(): string
}

export function createStderrTail(maxBytes: number): StderrTail {
  let chunks: Uint8Array[] = []
  let bytes = 0
  let lost = false
  return {
    push(chunk) {
      lost ||= bytes + chunk.byteLength > maxBytes
      const last = chunk.byteLength > maxBytes ? chunk.slice(chunk.byteLength - maxBytes) : chunk
      chunks.push(last)
      bytes += last.byteLength
      while (chunks.length > 1 && bytes - (chunks[0] as Uint8Array).byteLength >= maxBytes)
        bytes -= (chunks.shift() as Uint8Array).byteLength
      // A child that writes byte by byte would leave one small array for each.
      if (chunks.length > 64) chunks = [joinBytes(chunks, bytes)]
    },
    text() {
      const whole = joinBytes(chunks, bytes)
      const kept = lost ? whole.subarray(Math.max(0, whole.byteLength - maxBytes)) : whole
      let start = 0
      while (lost && start < kept.byteLength && ((kept[start] as number) & 0xc0) === 0x80) start += 1
      const text = new TextDecoder().decode(kept.subarray(start))
      // A secret that was cut in two is not recognised, so the rest of a cut line is dropped, or of a cut word if there is only one line.
      return redactText(lost ? text.replace(text.includes('\n') ? /^[^\n]*\n/ : /^\S*/, '') : text)
    },
  }
}
