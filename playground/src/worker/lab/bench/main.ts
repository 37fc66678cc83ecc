/** The worker of the faults view: runs one plan at the speed that the page wants. */
import type { FromBench, Speed, ToBench } from './messages.js'
import { runBench, type BenchReport } from './run.js'

const REPORT_EVERY_MS = 100
/** A run that is ahead by less than this goes on: a timer of a page takes 4 ms. */
const AHEAD_MS = 20

/** Calls back in a later turn of the event loop, in the order of the calls, without the 4 ms that a page adds to its timers. */
function createImmediate(): (callback: () => void) => void {
  const { port1, port2 } = new MessageChannel()
  const waiting: (() => void)[] = []
  port1.onmessage = () => waiting.shift()?.()
  return (callback) => {
    waiting.push(callback)
    port2.postMessage(undefined)
  }
}

const immediate = createImmediate()
// The library and the virtual clock then share one order of turns, so that the run does not depend on the speed of the page.
Object.assign(globalThis, { setImmediate: immediate })
const turn = (): Promise<void> => new Promise((resolve) => immediate(resolve))

const tell = (message: FromBench): void => postMessage(message)
const stop = new AbortController()
let speed: Speed = 60
/** The virtual and the real time of the last change of the speed. */
let since = { atMs: 0, real: 0 }
let lastAtMs = 0
let reportedAt = 0

async function pace(report: () => BenchReport): Promise<void> {
  const now = performance.now()
  const isDue = now - reportedAt >= REPORT_EVERY_MS
  const current = isDue || speed !== 0 ? report() : undefined
  if (current) lastAtMs = current.atMs
  if (isDue && current) {
    reportedAt = now
    tell({ type: 'report', report: current })
  }
  if (speed === 0 || !current) return
  const ahead = (current.atMs - since.atMs) / speed - (now - since.real)
  if (ahead > AHEAD_MS) await new Promise((resolve) => setTimeout(resolve, ahead))
}

addEventListener('message', ({ data }: MessageEvent<ToBench>) => {
  if (data.type === 'stop') return stop.abort()
  speed = data.speed
  since = { atMs: lastAtMs, real: performance.now() }
  if (data.type === 'speed') return
  runBench(data.plan, { turn, onStep: pace, signal: stop.signal }).then(
    (report) => tell({ type: 'report', report }),
    (error: unknown) => tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) }),
  )
})
