/** The table of ratios. An aim that is missed is marked and not enforced: a loaded machine misses aims too. */

export interface Row {
  readonly title: string
  readonly count: number
  readonly floor: string
  readonly times: { readonly floor: readonly number[]; readonly ours: readonly number[] }
  readonly aim: { readonly most: number } | { readonly least: number } | undefined
  /** How many times as fast, where the comparison is with a peer; how many times as dear, where it is with a floor. */
  readonly ratio: 'speed' | 'cost'
}

// Whatever else runs only ever adds time, so the best round is the one that says most about the code.
const best = (times: readonly number[]): number => Math.min(...times)
const spread = (times: readonly number[]): string => `${best(times).toFixed(0)}-${Math.max(...times).toFixed(0)}`

function cells(row: Row): string[] {
  const cost = best(row.times.ours) / best(row.times.floor)
  const faster = row.ratio === 'speed'
  const ratio = faster ? 1 / cost : cost
  const aim = row.aim === undefined ? '' : 'least' in row.aim ? `>= ${row.aim.least}` : `<= ${row.aim.most}`
  const met = row.aim === undefined ? '' : ('least' in row.aim ? ratio >= row.aim.least : ratio <= row.aim.most) ? 'met' : 'MISSED'
  const perMessage = `${((best(row.times.ours) * 1000) / row.count).toFixed(2)} us`
  return [row.title, row.floor, spread(row.times.floor), spread(row.times.ours), perMessage, ratio.toFixed(2), row.ratio, aim, met]
}

export function table(rows: readonly Row[]): string {
  const head = ['what', 'against', 'its ms', 'our ms', 'each', 'ratio', 'of', 'aim', '']
  const lines = [head, ...rows.map(cells)]
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return [text[0], widths.map((width) => '-'.repeat(width)).join('  '), ...text.slice(1)].join('\n')
}
