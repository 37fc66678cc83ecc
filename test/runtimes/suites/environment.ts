/** The facts about the runtime that a suite gets. */
import type { CaseResult } from '../../../src/testing/index.js'

export interface Environment {
  readonly runtime: string
  /** The WebSocket address of a peer that the runner serves, by name; see lib/peers.ts. */
  readonly ws: (peer: string) => string
}

export interface Suite {
  readonly name: string
  run(environment: Environment): Promise<readonly CaseResult[]>
}

export interface SuiteReport {
  readonly name: string
  readonly results: readonly CaseResult[]
  readonly ms: number
  readonly error?: string
}

/** Called before a suite. The returned function is called after the suite and returns what the suite left behind. */
export type Watch = () => () => Promise<string | undefined>

/** A suite that fails to start must not stop the others. Each start is printed on stderr, so that the last line of a run that hangs names the suite. */
export async function runSuites(suites: readonly Suite[], environment: Environment, watch?: Watch): Promise<SuiteReport[]> {
  const reports: SuiteReport[] = []
  const began = performance.now()
  const ms = (): number => Math.round(performance.now() - began)
  for (const { name, run } of suites) {
    try {
      console.error(`${ms()} ms: ${name}`)
      const left = watch?.()
      const results = await run(environment)
      const error = await left?.()
      reports.push({ name, results, ms: ms(), ...(error === undefined ? {} : { error }) })
    } catch (error) {
      reports.push({ name, results: [], ms: ms(), error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  }
  console.error(`${ms()} ms: the end`)
  return reports
}
