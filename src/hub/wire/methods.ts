/** The calls of the wire, on the hub's own interface. */
import { hubError } from '../context.js'
import type { Hub } from '../hub.js'
import { answerOf, author, historyQuery, newSession, optionalAgent, promptOptions, text } from './params.js'
import type { HubMethod } from './protocol.js'

/** The name and the rights of a caller, from the options of the server. */
export interface CallerRights {
  readonly by?: string
  readonly secrets?: boolean
}

/** Calls one method of the hub with the parameters of a line. */
export async function callMethod(
  hub: Hub,
  method: HubMethod,
  params: Readonly<Record<string, unknown>>,
  { by, secrets = true }: CallerRights,
): Promise<unknown> {
  switch (method) {
    case 'agents':
      return hub.agents()
    case 'asks':
      return hub.asks()
    case 'spent':
      return hub.spent(optionalAgent(params))
    case 'budgets':
      return hub.budgets()
    case 'history':
      return hub.history(text(params, 'agent'), historyQuery(params))
    case 'sessions':
      return hub.sessions(text(params, 'agent'))
    case 'openSession':
      return hub.openSession(text(params, 'agent'), newSession(params))
    case 'closeSession':
      return hub.closeSession(text(params, 'agent'), text(params, 'session'))
    case 'turn':
      return hub.turn(text(params, 'promptId')).info()
    case 'prompt':
      // Not `info()`: its look-up may fail after the prompt was accepted, and that is no refusal of the prompt.
      return hub.prompt(text(params, 'agent'), text(params, 'text'), promptOptions(params, by)).accepted()
    case 'cancel':
      return hub.turn(text(params, 'promptId')).cancel(author(params, by))
    case 'answer': {
      const answer = answerOf(params)
      if ('secret' in answer && !secrets) {
        const hint = "Answer it on the agent's own machine, or over a link that nobody else can read."
        throw hubError({ code: 'permission_denied', message: 'A secret cannot travel safely over this link.', hint })
      }
      return hub.answer(text(params, 'askId'), answer, author(params, by))
    }
    default:
      throw hubError({ code: 'unsupported', message: 'This hub does not know the method.' })
  }
}
