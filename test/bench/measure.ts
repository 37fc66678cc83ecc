/** What a sample measures, and what it is given. */

export interface Sample {
  readonly wallMs: number
  /** User and system time of the measured process. */
  readonly cpuMs: number
  /** Messages, calls or records; both sides of a row must have done the same number. */
  readonly count: number
  /** The most memory of the measured process, where the row is about it. */
  readonly memoryKb?: number
}

export interface Given {
  /** Where the row's server listens, where it has one. */
  readonly path: string
  /** The line that the row's second server printed, such as the address of the gateway. */
  readonly told: { readonly url?: string; readonly token?: string; readonly relayUrl?: string }
  /** How many calls or records. */
  readonly count: number
  readonly fixture: string
}

export type Measured = (given: Given) => Promise<Sample>

/** Measures work that returns how much it did. */
export async function timed(run: () => Promise<number> | number): Promise<Sample> {
  const cpu = process.cpuUsage()
  const began = performance.now()
  const count = await run()
  const wallMs = performance.now() - began
  const { user, system } = process.cpuUsage(cpu)
  return { wallMs, cpuMs: (user + system) / 1000, count }
}

/** Calls one after the other, or so many at once, after a warm-up that is not measured. */
export async function repeated(count: number, call: (index: number) => Promise<boolean>, atOnce = 1): Promise<Sample> {
  const work = async (total: number): Promise<number> => {
    let next = 0
    let right = 0
    const line = async (): Promise<void> => {
      while (next < total) {
        next += 1
        if (await call(next - 1)) right += 1
      }
    }
    await Promise.all(Array.from({ length: atOnce }, line))
    return right
  }
  await work(Math.min(2000, Math.ceil(count / 4)))
  return timed(() => work(count))
}
