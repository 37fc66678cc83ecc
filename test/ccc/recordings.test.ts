/** The simulator gives the recorded answers of real servers. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { createCccSimulator, createFakeClock } from '../../src/testing/index.js'
import { LEFT_OUT } from './recordings-left-out.js'
import { played } from './kit.js'
import { RECORDINGS as ALONE } from './recordings.js'
import { createBefore, TOLD } from './recordings-told.js'

const RECORDINGS = { ...ALONE, ...TOLD }

const folder = fileURLToPath(new URL('../fixtures/ccc/', import.meta.url))
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ndjson'))
  .map((file) => file.replace(/\.ndjson$/, ''))

interface Step {
  readonly dir: 'c2s' | 's2c'
  readonly t_ms: number
  readonly raw?: string
  readonly eof?: boolean
  readonly closed?: boolean
  readonly note?: string
  /** The line was shortened when it was written down. */
  readonly truncated?: boolean
  readonly bytes?: number
}

const bytesOf = (text: string): number => new TextEncoder().encode(text).byteLength

/** The line as it was sent: with its filler at full length, and with the bytes that are no text. */
function sent({ raw = '', truncated, bytes = 0 }: Step): Uint8Array {
  const end = raw.startsWith('{') ? '"}\n' : '\n'
  const kept = raw.replace(/\.\.\.$/, '')
  const text = truncated ? kept + (kept.trimEnd().at(-1) ?? '').repeat(bytes - bytesOf(kept) - end.length) + end : raw
  const whole = new TextEncoder().encode(text)
  if (!/[\udc80-\udcff]/.test(text) || /[\ud800-\udbff]/.test(text)) return whole
  // Bytes that are not UTF-8 are written down as halves of surrogate pairs.
  return Uint8Array.from([...text].map((one) => one.charCodeAt(0) & 0xff))
}

/** Of an answer that was shortened only its beginning and its length are known. */
const beginning = (line: string, length: number): string => line.slice(0, length).replace(/"ts":\d+/g, '"ts":T')

const stepsOf = (name: string): Step[] =>
  readFileSync(`${folder}${name}.ndjson`, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Step)

/** Times, random order and the number of an answer are no part of what is compared; that a field is there is. */
function normalised(line: string): unknown {
  const text = line.replace(/echo \d+:/g, 'echo N:')
  const value = JSON.parse(text) as Record<string, unknown>
  for (const key of ['sessions', 'activity']) {
    const list = value[key] as { name: string }[] | undefined
    list?.sort((a, b) => (a.name < b.name ? -1 : 1))
  }
  // The names of "all sessions" come in random order, in one string.
  if (value.event === 'subscribed' && typeof value.session === 'string') value.session = value.session.split(',').sort().join(',')
  return JSON.parse(
    JSON.stringify(value, (key, item) =>
      /^(?:ts|uptime_seconds|duration_ms|last_activity|timestamp|lastMessageTs)$/.test(key) && item !== 0 ? 'T' : item,
    ),
  )
}

const reasonOf = (name: string): string | undefined => {
  const known = RECORDINGS[name]
  if (typeof known === 'string') return known
  return known ? undefined : LEFT_OUT.find(([prefix]) => name.startsWith(prefix))?.[1]
}

describe('the recordings', () => {
  test('[ccc.recordings-accounted] each recording is modelled or left out with a reason', () => {
    expect(names.length).toBeGreaterThan(200)
    expect(names.filter((name) => RECORDINGS[name] === undefined && reasonOf(name) === undefined)).toEqual([])
    expect(Object.keys(RECORDINGS).filter((name) => !names.includes(name))).toEqual([])
    // Every reason must still match a recording that is not modelled.
    expect(LEFT_OUT.filter(([prefix]) => !names.some((name) => !RECORDINGS[name] && name.startsWith(prefix)))).toEqual([])
  })

  const modelled = names.filter((name) => typeof RECORDINGS[name] === 'object')
  test.each(modelled)('[ccc.recordings] %s', async (name) => {
    const recording = RECORDINGS[name]
    if (typeof recording !== 'object') throw new Error('not modelled')
    const clock = createFakeClock()
    const simulator = createCccSimulator({ ...recording.options, clock })
    recording.setup?.(simulator, (ms, run) => void clock.after(ms, run))
    const link = await simulator.transport.open()
    const lines: string[] = []
    let pending = ''
    let eof = false
    const reading = (async () => {
      const utf8 = new TextDecoder()
      for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) {
        pending += utf8.decode(chunk, { stream: true })
        lines.push(...pending.split('\n').slice(0, -1))
        pending = pending.slice(pending.lastIndexOf('\n') + 1)
      }
      eof = true
    })()
    const steps = stepsOf(name)
    const { before } = recording
    if (before) await played(clock, before(createBefore(simulator, clock)))
    const startedAt = clock.monotonic()
    const until = (ms: number): Promise<void> => clock.advance(Math.max(0, ms - (clock.monotonic() - startedAt)))
    for (const step of steps) {
      if (step.dir === 's2c') {
        // Later steps depend on this wait: a note says how long nothing came.
        if (step.note || steps.some(({ dir, t_ms }) => dir === 'c2s' && t_ms >= step.t_ms && t_ms > 0)) await until(step.t_ms)
        continue
      }
      await until(step.t_ms)
      if (step.closed) await link.close()
      else if (step.eof) await link.end()
      else if (step.raw) await link.write(sent(step))
    }
    const said = steps.filter(({ dir, raw }) => dir === 's2c' && raw)
    const streams = said.some(({ raw }) => raw?.includes('"event"'))
    // A stream never ends by itself; anything else has long answered by then.
    await until(streams ? (steps.at(-1)?.t_ms ?? 0) + 1_500 : 400_000)
    const whole = lines.map((line, index) => {
      const { raw = '', truncated, bytes } = said[index] ?? {}
      if (!truncated) return normalised(line)
      const known = raw.replace(/\.\.\.$/, '')
      expect([beginning(line, known.length), bytesOf(line) + 1]).toEqual([beginning(known, known.length), bytes])
      return 'shortened'
    })
    expect(whole).toEqual(said.map(({ raw, truncated }) => (truncated ? 'shortened' : normalised(raw ?? ''))))
    if (steps.some(({ dir, eof: end }) => dir === 's2c' && end)) expect(eof).toBe(true)
    await simulator.stop()
    await link.close()
    await reading
    expect(clock.timers).toBe(0)
  })
})
