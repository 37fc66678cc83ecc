import type { JSX } from 'preact'
import { count, countdown, span } from '../../design/format.js'
import type { Point } from './bench.js'

const WIDTH = 720
const HEIGHT = 140
const PAD = { left: 36, right: 12, top: 12, bottom: 22 }

/** Lost and doubled messages of both clients over the virtual time of the run. */
export function Curve({ points, lengthMs }: { points: readonly Point[]; lengthMs: number }): JSX.Element {
  const last = points.at(-1)
  const most = Math.max(4, ...points.map(({ ours, plain }) => Math.max(ours, plain)))
  const length = Math.max(lengthMs, last?.atMs ?? 0)
  const x = (atMs: number): number => PAD.left + (atMs / length) * (WIDTH - PAD.left - PAD.right)
  const y = (errors: number): number => HEIGHT - PAD.bottom - (errors / most) * (HEIGHT - PAD.top - PAD.bottom)
  const path = (of: (point: Point) => number): string =>
    [{ atMs: 0, ours: 0, plain: 0 }, ...points]
      .map((point, index) => `${index === 0 ? 'M' : 'L'}${x(point.atMs).toFixed(1)} ${y(of(point)).toFixed(1)}`)
      .join('')
  const label = `Lost and doubled messages after ${span(last?.atMs ?? 0)}: Signalbox ${last?.ours ?? 0}, plain client ${last?.plain ?? 0}.`
  return (
    <figure class="card curve">
      <figcaption class="row spread small">
        <strong>Lost and doubled messages over time</strong>
        <span class="row">
          <span class="key ours">Signalbox</span>
          <span class="key plain">Plain client</span>
        </span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
        {[0, 0.5, 1].map((part) => (
          <g key={part}>
            <line class="grid" x1={PAD.left} x2={WIDTH - PAD.right} y1={y(most * part)} y2={y(most * part)} />
            <text x={PAD.left - 6} y={y(most * part) + 4} text-anchor="end">
              {count(Math.round(most * part))}
            </text>
          </g>
        ))}
        {[0, 0.25, 0.5, 0.75, 1].map((part) => (
          <text key={part} x={x(length * part)} y={HEIGHT - 5} text-anchor={part === 0 ? 'start' : part === 1 ? 'end' : 'middle'}>
            {part === 0 ? '0' : countdown(length * part)}
          </text>
        ))}
        {lengthMs < length ? (
          <line class="repaired" x1={x(lengthMs)} x2={x(lengthMs)} y1={PAD.top} y2={HEIGHT - PAD.bottom} />
        ) : null}
        <path class="line plain" d={path(({ plain }) => plain)} />
        <path class="line ours" d={path(({ ours }) => ours)} />
      </svg>
    </figure>
  )
}
