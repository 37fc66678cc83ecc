/** The number of single-character changes between two words. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      next.push(Math.min((next[j - 1] as number) + 1, (row[j] as number) + 1, (row[j - 1] as number) + same))
    }
    row = next
  }
  return row[b.length] as number
}

/** The known word that is nearest to a mistyped one, or undefined when none is near. */
export function nearest(input: string, candidates: readonly string[]): string | undefined {
  const typed = input.toLowerCase()
  const ranked = candidates
    .map((candidate) => ({
      candidate,
      far: candidate.startsWith(typed) && typed !== '' ? 0 : distance(typed, candidate.toLowerCase()),
    }))
    .sort((a, b) => a.far - b.far)
  const [best] = ranked
  return best && best.far <= Math.max(1, Math.floor(input.length / 3)) ? best.candidate : undefined
}
