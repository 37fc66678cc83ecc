/** Text that the server can store: without NUL, and without half of a surrogate pair. */
export function cleanText(value: string, told?: (reason: 'nul' | 'lone_surrogate') => void): string {
  const bare = value.replaceAll('\0', '\ufffd')
  if (bare !== value) told?.('nul')
  const whole = bare.replace(/\p{Surrogate}/gu, '\ufffd')
  if (whole !== bare) told?.('lone_surrogate')
  return whole
}
