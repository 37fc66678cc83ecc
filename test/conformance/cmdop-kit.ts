/** What the parts of the CMDOP suite share: what a case is given, and how a runner serves it. */
import type { AskFrame, Cmdop, CmdopOptions } from '../../src/cmdop/index.js'
import { simulatedId, type CmdopRelaySimulator, type CmdopRelaySimulatorOptions } from '../../src/testing/index.js'

export interface CmdopServed {
  readonly relay: CmdopRelaySimulator
  readonly options: Pick<CmdopOptions, 'transport'> & Partial<CmdopOptions>
}

export interface CmdopContext {
  readonly plane: 'core' | 'rest'
  /** A core before 1.1.0 has no names for what goes wrong with a PIN. */
  readonly pinErrors?: false
  /** A fresh relay, and how to reach it. */
  serve(options?: CmdopRelaySimulatorOptions): Promise<CmdopServed>
}

export const M1 = simulatedId(1, 1)
export const F1 = simulatedId(2, 1)

export interface Play {
  readonly client: Cmdop
  readonly relay: CmdopRelaySimulator
  readonly plane: 'core' | 'rest'
  readonly pinErrors: boolean
}

export const all = async <Item>(items: AsyncIterable<Item>): Promise<Item[]> => {
  const out: Item[] = []
  for await (const item of items) out.push(item)
  return out
}
export const requests = (relay: CmdopRelaySimulator): string[] => relay.ledger.map(({ method, path }) => `${method} ${path}`)
export const types = (frames: readonly AskFrame[]): string[] => frames.map(({ type }) => type)

export const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

export interface PlayCase {
  id: string
  title: string
  world?: CmdopRelaySimulatorOptions
  only?: 'core' | 'rest'
  /** Options of this case's client. */
  client?: Partial<CmdopOptions>
  run(play: Play): Promise<void>
}
