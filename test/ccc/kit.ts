/** A simulated server, a client and a fake clock, for tests that depend on time. */
import { createCcc, type Ccc, type CccOptions } from '../../src/ccc/index.js'
import {
  createCccSimulator,
  createFakeClock,
  type CccSimulator,
  type CccSimulatorOptions,
  type FakeClock,
} from '../../src/testing/index.js'

export interface Bench {
  readonly clock: FakeClock
  readonly simulator: CccSimulator
  readonly ccc: Ccc
  /** Lets the time pass until the work is done. */
  readonly play: <Result>(work: Promise<Result>) => Promise<Result>
}

export const SESSIONS = [
  { name: 'myproject', running: true },
  { name: 'backend', running: true },
  { name: 'asleep' },
  { name: 'notopic', topic: 0, running: true },
  { name: 'noclaude', broken: true, running: true },
  { name: 'lost:api', host: 'lost' },
] as const

export function bench(options: CccSimulatorOptions = {}, more: Partial<CccOptions> = {}): Bench {
  const clock = createFakeClock()
  const simulator = createCccSimulator({ sessions: SESSIONS, ...options, clock })
  const ccc = createCcc({ transport: simulator.transport, clock, ...more })
  return { clock, simulator, ccc, play: (work) => played(clock, work) }
}

export async function played<Result>(clock: FakeClock, work: Promise<Result>): Promise<Result> {
  let done = false
  const settled = (): void => {
    done = true
  }
  work.then(settled, settled)
  for (let turns = 0; !done && turns < 5_000; turns += 1) await clock.advanceToNext()
  if (!done) throw new Error('the work never ends')
  return work
}

/** The rejection of a promise. */
export async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    (value) => {
      throw new Error(`expected a failure, got ${JSON.stringify(value)}`)
    },
    (error: unknown) => error,
  )
}

/** One connection by hand: what is written, and every line that comes back until the end or until it is told to stop. */
export async function talk(simulator: CccSimulator, clock: FakeClock, lines: readonly unknown[]): Promise<unknown[]> {
  const link = await simulator.transport.open()
  const text = lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('')
  const writing = link.write(new TextEncoder().encode(text)).then(() => link.end())
  const answers = (async () => {
    const utf8 = new TextDecoder()
    let heard = ''
    for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) heard += utf8.decode(chunk, { stream: true })
    return heard.split('\n').filter(Boolean)
  })()
  const heard = await played(clock, Promise.all([answers, writing]))
  await link.close()
  return heard[0].map((line) => JSON.parse(line) as unknown)
}
