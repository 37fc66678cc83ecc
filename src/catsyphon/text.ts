/** Text that the server can store: it holds no NUL, and no half of a character. */
export function cleanText(value: string, told?: (reason: 'nul' | 'lone_surrogate') => void): string {
  const bare = value.replaceAll('\0', '\ufffd')
  if (bare !== value) told?.('nul')
  const whole = bare.replace(/\p{Surrogate}/gu, '\ufffd')
  if (whole !== bare) told?.('lone_surrogate')
  return whole
}
