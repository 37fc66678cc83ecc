/** Bytes as people read them, and back. */

/** A hex dump: offset, sixteen bytes, printable ASCII. */
export function hexDump(bytes: Uint8Array, most = 4096): string {
  const shown = bytes.subarray(0, most)
  const rows: string[] = []
  for (let at = 0; at < shown.byteLength; at += 16) {
    const row = shown.subarray(at, at + 16)
    const hex = Array.from(row, (byte) => byte.toString(16).padStart(2, '0'))
    const left = hex.slice(0, 8).join(' ').padEnd(23)
    const right = hex.slice(8).join(' ').padEnd(23)
    const ascii = Array.from(row, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    rows.push(`${at.toString(16).padStart(6, '0')}  ${left}  ${right}  ${ascii}`)
  }
  if (bytes.byteLength > most) rows.push(`… ${bytes.byteLength - most} more bytes`)
  return rows.join('\n')
}

/** Bytes as pairs of hex digits, for editing. */
export const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')

/** The bytes of pairs of hex digits. Undefined for anything else. */
export function fromHex(text: string): Uint8Array | undefined {
  const digits = text.replace(/\s+/g, '')
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits)) return undefined
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) => Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16))
}
