/** One task for every agent that fits, then one agent that sums up the answers. */
import { askAll, promptAny, type Agent, type Hub } from 'signalbox/hub'

export async function orchestrate(hub: Hub, fits: (agent: Agent) => boolean, task: string): Promise<string> {
  const turns = await askAll(hub, fits, task, { by: 'orchestrator' })
  const parts = await Promise.all(
    turns.map(async (turn) => {
      const end = await turn.end()
      return end.outcome === 'completed' ? `${turn.agent}: ${await turn.text()}` : `${turn.agent}: ${end.outcome}`
    }),
  )
  const summary = await promptAny(hub, fits, `Sum up:\n${parts.join('\n')}`, { by: 'orchestrator' })
  return await summary.text()
}
