/** What a suite may know about where it runs. */
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
  readonly error?: string
}

/** One suite that cannot even start must not hide the others. */
export async function runSuites(suites: readonly Suite[], environment: Environment): Promise<SuiteReport[]> {
  const reports: SuiteReport[] = []
  for (const { name, run } of suites) {
    try {
      reports.push({ name, results: await run(environment) })
    } catch (error) {
      reports.push({ name, results: [], error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  }
  return reports
}
