/** A hub whose agents stop when their budget is spent, and what they have used until then. */
import { createHub, type Hub, type Source, type Spent } from 'signalbox/hub'

export async function guarded(sources: readonly Source[], maxCostUsd: number): Promise<Hub> {
  return await createHub({ sources, budgets: [{ name: 'day', maxCostUsd, over: 'stop' }] })
}

/** A sum that says what it leaves out. */
export function describeSpent({ costUsd, basis, covers, omits }: Spent): string {
  const rest = omits.length > 0 ? `, without ${omits.join(', ')}` : ''
  return `${costUsd.toFixed(2)} USD (${basis}) by ${covers.join(', ') || 'nobody'}${rest}`
}
