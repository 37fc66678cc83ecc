/** Calls of the page as TypeScript, to copy into a program. */
import type { Answer, NewSession } from 'signalbox/hub'
import type { App } from '../app/view.js'

const q = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`

/** How a program reaches the same hub. */
function preamble({ connection, by }: Pick<App, 'connection' | 'by'>): string {
  const state = connection.value
  if (state.status === 'open' && state.connection.gateway) {
    return [
      "import { createHubClient } from 'signalbox/hub'",
      "import { gateway } from 'signalbox/web'",
      '',
      `const client = gateway(${q(state.connection.gateway.origin)}, { token: 'the token of your program' })`,
      `await using hub = createHubClient({ transport: client.stream('hub', 'link'), by: ${q(by)} })`,
    ].join('\n')
  }
  return [
    "import { createHubClient } from 'signalbox/hub'",
    "import { hubSocket } from 'signalbox/node'",
    '',
    `await using hub = createHubClient({ transport: hubSocket(), by: ${q(by)} })`,
  ].join('\n')
}

/** The call behind a turn. */
export function promptCall(
  agent: string,
  text: string,
  options: { readonly promptId?: string; readonly session?: string; readonly whileBusy?: string },
  app: Pick<App, 'connection' | 'by'>,
): string {
  const given = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${q(value)}`]))
  return [
    preamble(app),
    `const turn = hub.prompt(${q(agent)}, ${q(text)}${given.length > 0 ? `, { ${given.join(', ')} }` : ''})`,
    'for await (const event of turn) console.log(event.kind)',
    'console.log(await turn.text())',
    '',
  ].join('\n')
}

/** The call behind an answer. A secret is never in it. */
export function answerCall(askId: string, answer: Answer, app: Pick<App, 'connection' | 'by'>): string {
  const shown = 'secret' in answer ? '{ secret: await readSecret() }' : JSON.stringify(answer)
  return [preamble(app), `console.log(await hub.answer(${q(askId)}, ${shown}))`, ''].join('\n')
}

/** The call behind a new session. */
export function sessionCall(agent: string, wanted: NewSession, app: Pick<App, 'connection' | 'by'>): string {
  const given = Object.entries(wanted).map(([name, value]) => `${name}: ${q(String(value))}`)
  return [
    preamble(app),
    `const session = await hub.openSession(${q(agent)}${given.length > 0 ? `, { ${given.join(', ')} }` : ''})`,
    `console.log(await hub.prompt(${q(agent)}, 'Hello.', { session: session.id }).text())`,
    '',
  ].join('\n')
}

/** The call behind the conversation of an agent. */
export function watchCall(agent: string, app: Pick<App, 'connection' | 'by'>): string {
  return [
    preamble(app),
    `for await (const event of hub.watch({ from: 'oldest', agents: [${q(agent)}] })) console.log(event)`,
    '',
  ].join('\n')
}
