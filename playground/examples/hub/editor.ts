/**
 * A CCC session in an editor that speaks the Agent Client Protocol: `serve` is the program that the editor starts, `editor` is a small
 * editor made with the protocol's own SDK (`@agentclientprotocol/sdk`).
 */
import { client, methods, ndJsonStream } from '@agentclientprotocol/sdk'
import { toWeb } from 'signalbox'
import { serveAcp } from 'signalbox/acp'
import type { Ccc } from 'signalbox/ccc'
import { cccSource, createHub } from 'signalbox/hub'
import type { Link } from 'signalbox'

/** Serves one session to one editor, until the editor goes. Give `processStdio()` of `signalbox/node` as the link. */
export async function serve(ccc: Ccc, session: string, link: Link): Promise<void> {
  await using hub = await createHub({ sources: [cccSource({ client: ccc })] })
  await serveAcp(hub, link, { agent: `ccc/${session}`, by: 'editor' }).done
}

/** Prompts once, and gives the answer as the editor shows it. */
export async function editor(link: Link, prompt: string): Promise<{ readonly text: string; readonly stopReason: string }> {
  let text = ''
  const app = client({ name: 'small-editor' }).onNotification(methods.client.session.update, async ({ params: { update } }) => {
    if (update.sessionUpdate === 'agent_message_chunk' && update.content.type === 'text') text += update.content.text
  })
  const { readable, writable } = toWeb(link)
  const stopReason = await app.connectWith(ndJsonStream(writable, readable), async (agent) => {
    await agent.request(methods.agent.initialize, { protocolVersion: 1, clientCapabilities: {} })
    const { sessionId } = await agent.request(methods.agent.session.new, { cwd: '/', mcpServers: [] })
    return (await agent.request(methods.agent.session.prompt, { sessionId, prompt: [{ type: 'text', text: prompt }] })).stopReason
  })
  return { text, stopReason }
}
