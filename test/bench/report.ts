/** Medians, spreads and ratios of the rows, as text, Markdown and JSON. A missed aim is shown and not enforced: a busy machine misses aims too. */
import type { Sample } from './measure.js'
import type { BenchRow } from './rows.js'

export interface Result {
  readonly row: BenchRow
  readonly floor: readonly Sample[]
  readonly ours: readonly Sample[]
}

type Figure = 'wallMs' | 'cpuMs' | 'memoryKb'
const FIGURES = { wall: 'wallMs', cpu: 'cpuMs', memory: 'memoryKb' } as const

function median(samples: readonly Sample[], figure: Figure): number {
  const sorted = samples.map((sample) => sample[figure] ?? 0).sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

function spread(samples: readonly Sample[], figure: Figure): string {
  const all = samples.map((sample) => sample[figure] ?? 0)
  return `${Math.min(...all).toFixed(0)}–${Math.max(...all).toFixed(0)}`
}

function ratioOf({ row, floor, ours }: Result, figure: Figure): number {
  const cost = median(ours, figure) / median(floor, figure)
  return row.ratio === 'cost' ? cost : 1 / cost
}

function verdictOf(result: Result): string {
  const { aim, by, ratio } = result.row
  if (aim === undefined) return ''
  const own = ratioOf(result, FIGURES[by])
  return (ratio === 'cost' ? own <= aim : own >= aim) ? 'met' : 'missed'
}

function cells(result: Result): string[] {
  const { row, floor, ours } = result
  const each = (median(ours, 'wallMs') * 1000) / (ours[0]?.count || 1)
  const unit = row.ratio === 'cost' ? '× cost' : '× speed'
  if (row.by === 'memory') {
    const mb = (samples: readonly Sample[]): string => `${(median(samples, 'memoryKb') / 1024).toFixed(0)} MB`
    const ratio = `${ratioOf(result, 'memoryKb').toFixed(2)} ${unit}`
    return [
      row.title,
      row.against,
      mb(floor),
      mb(ours),
      '',
      ratio,
      '',
      row.aim === undefined ? '' : `≤ ${row.aim} (memory)`,
      verdictOf(result),
    ]
  }
  return [
    row.title,
    row.against,
    spread(floor, 'wallMs'),
    spread(ours, 'wallMs'),
    `${each.toFixed(1)} µs`,
    `${ratioOf(result, 'wallMs').toFixed(2)} ${unit}`,
    `${ratioOf(result, 'cpuMs').toFixed(2)} ${unit}`,
    row.aim === undefined ? '' : `${row.ratio === 'cost' ? '≤' : '≥'} ${row.aim} (${row.by})`,
    verdictOf(result),
  ]
}

const HEAD = ['what', 'against', 'its ms', 'our ms', 'each', 'wall', 'processor', 'aim', '']

export function text(results: readonly Result[]): string {
  const lines = [HEAD, ...results.map(cells)]
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export function markdown(results: readonly Result[]): string {
  const lines = [HEAD, HEAD.map(() => '---'), ...results.map(cells)]
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n')
}

export function json(machine: string, results: readonly Result[]): string {
  const rows = results.map((result) => ({
    name: result.row.name,
    against: result.row.against,
    ratio: result.row.ratio,
    wall: ratioOf(result, 'wallMs'),
    processor: ratioOf(result, 'cpuMs'),
    aim: result.row.aim,
    verdict: verdictOf(result),
    floor: result.floor,
    ours: result.ours,
  }))
  return `${JSON.stringify({ machine, rows }, null, 2)}\n`
}
