/** What the simulated ACP agent does with a prompt. */
import type { SimulatedAcpScript } from 'signalbox/testing'

export const acpScript: SimulatedAcpScript = async ({ text, update }) => {
  for (const part of ['You said: ', text])
    await update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: part } })
  return 'end_turn'
}
