/** What the tests of the client over a simulated core share. */
import { createCmdop, type CmdopOptions } from '../../src/cmdop/index.js'
import { createCmdopCoreSimulator, simulatedId, type CmdopCoreSimulatorOptions } from '../../src/testing/index.js'

export const M1 = simulatedId(1, 1)

export function setUp(core: CmdopCoreSimulatorOptions = {}, options: Partial<CmdopOptions> = {}) {
  const simulator = createCmdopCoreSimulator(core)
  const client = createCmdop({ transport: simulator.transport, closeGraceMs: 50, fleetId: simulatedId(2, 1), ...options })
  return { simulator, client }
}
export const failure = async (promise: Promise<unknown>): Promise<Record<string, unknown>> =>
  promise.then(
    (value) => {
      throw new Error(`expected a failure, got ${JSON.stringify(value)}`)
    },
    (error: unknown) => error as Record<string, unknown>,
  )
export const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1))
}
export const text = (value: string): Uint8Array => new TextEncoder().encode(value)
