/** Where the time of a processor profile goes, by source file. */

interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** The bundle names the source of each part in a comment before it; without the bundle the names of functions must do. */
export function profileTable(text: string, most = 25): string {
  const { nodes, samples, timeDeltas } = JSON.parse(text) as Profile
  const own = new Map<number, number>()
  for (const [index, id] of samples.entries()) own.set(id, (own.get(id) ?? 0) + (timeDeltas[index] ?? 0))
  const places = new Map<string, number>()
  let total = 0
  for (const { id, callFrame } of nodes) {
    if (callFrame.functionName === '(idle)') continue
    const file = callFrame.url.split('/').slice(-2).join('/') || 'native'
    const place = `${file}  ${callFrame.functionName || '(anonymous)'}:${callFrame.lineNumber + 1}`
    places.set(place, (places.get(place) ?? 0) + (own.get(id) ?? 0))
    total += own.get(id) ?? 0
  }
  return [...places]
    .sort(([, one], [, other]) => other - one)
    .slice(0, most)
    .map(([place, us]) => `${((100 * us) / total).toFixed(1).padStart(5)} %  ${(us / 1000).toFixed(1).padStart(8)} ms  ${place}`)
    .join('\n')
}
