/**
 * Runs the same work twice in this process and says what the second round left behind: the heap after a forced collection, sockets, whatever
 * the process holds, how each piece of work ended, and what the runtime warned of.
 */
import { descriptors, heldByProcess } from '../contract/held.js'

export interface Left {
  readonly heapGrowthBytes: number
  readonly sockets: number
  readonly held: Readonly<Record<string, number>>
  readonly outcomes: Readonly<Record<string, number>>
  readonly warnings: readonly string[]
}

const collect = (globalThis as { gc?: () => void }).gc
const outcomes: Record<string, number> = {}
const warnings: string[] = []
process.on('warning', ({ name, message }) => warnings.push(`${name}: ${message}`))

/** How one piece of the work ended. */
export const note = (outcome: string): void => {
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
}

/** What the runtime lets go of takes some turns. */
async function heap(): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    collect?.()
    least = Math.min(least, process.memoryUsage().heapUsed)
  }
  return least
}

export async function secondRoundLeaves(round: () => Promise<void>): Promise<Left> {
  // The first round is not counted: it compiles code and fills pools, which costs some hundred kilobytes once.
  await round()
  const [heapBefore, heldBefore, socketsBefore] = [await heap(), heldByProcess(), descriptors()]
  for (const outcome of Object.keys(outcomes)) delete outcomes[outcome]
  await round()
  const heapAfter = await heap()
  const more = () => Object.entries(heldByProcess()).filter(([name, count]) => count > (heldBefore[name] ?? 0))
  // A busy machine is late with the ends of sockets that were let go.
  for (let waited = 0; waited < 100 && (more().length > 0 || descriptors() > socketsBefore); waited += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return {
    heapGrowthBytes: heapAfter - heapBefore,
    sockets: descriptors() - socketsBefore,
    held: Object.fromEntries(more()),
    outcomes,
    warnings,
  }
}
