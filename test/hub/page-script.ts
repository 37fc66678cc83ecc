/** Runs in a page: plays the script of the hub through a gateway, with nothing but the address and a token. */
import { createHubClient } from '../../src/hub/index.js'
import { gateway } from '../../transports/web/index.js'
import { playScript, type ScriptFacts } from '../conformance/hub-script.js'

/** Rejects with the step that failed. */
export async function play(url: string, token: string, facts: ScriptFacts): Promise<void> {
  await using viewer = createHubClient({ transport: gateway(url, { token }).stream('hub', 'link'), by: 'page' })
  await playScript(facts, viewer)
}
