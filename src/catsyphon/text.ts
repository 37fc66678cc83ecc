/** Text that the server can store: without NUL, and without half of a surrogate pair. */
export function cleanText(value: string, onReplace?: (reason: 'nul' | 'lone_surrogate') => void): string {
  const hasNul = value.includes('\0')
  // Newer runtimes tell it faster than a search does.
  if (!hasNul && (value as { isWellFormed?(): boolean }).isWellFormed?.() === true) return value
  if (hasNul) onReplace?.('nul')
  const bare = value.replaceAll('\0', '\ufffd')
  const whole = bare.replace(/\p{Surrogate}/gu, '\ufffd')
  if (whole !== bare) onReplace?.('lone_surrogate')
  return whole
}
