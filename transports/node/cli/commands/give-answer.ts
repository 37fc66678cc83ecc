/** Gives an answer from the command line and says what became of it. */
import { SignalboxError } from '../../../../src/errors.js'
import type { Answer, Ask } from '../../../../src/hub/index.js'
import type { Program } from '../program/command.js'
import { EXIT } from '../program/exit-codes.js'

/** The open ask with this id, or the only open ask whose id starts or ends with it. */
export async function findAsk(id: string, { hub }: Program): Promise<Ask> {
  const { hub: running } = await hub({ running: true })
  const asks = await running.asks()
  const exact = asks.find((ask) => ask.id === id)
  if (exact) return exact
  const near = asks.filter((ask) => ask.id.startsWith(id) || ask.id.endsWith(id))
  if (near.length === 1) return near[0] as Ask
  throw new SignalboxError({
    code: near.length === 0 ? 'not_found' : 'invalid_argument',
    message: near.length === 0 ? `There is no open question ${id}.` : `${near.length} open questions fit ${id}.`,
    hint: 'signalbox asks lists the open ones.',
  })
}

/** True when a plain yes does not answer: a question needs a choice or a text, and a secret needs the secret. */
export const needsMoreThanYes = ({ kind }: Ask): boolean => kind === 'question' || kind === 'secret'

export async function giveAnswer(ask: Ask, answer: Answer, program: Program, json: boolean): Promise<number> {
  const { terminal, hub } = program
  const { hub: running } = await hub({ running: true })
  const result = await running.answer(ask.id, answer, { by: terminal.env.USER ?? 'user' })
  if (json) terminal.out(`${JSON.stringify(result)}\n`)
  else terminal.err(`${SAID[result.delivered]}\n`)
  return result.delivered === 'rejected' || result.delivered === 'no' ? EXIT.failure : EXIT.ok
}

const SAID = {
  yes: 'The agent has the answer.',
  written: 'The answer was handed over. This system does not confirm it.',
  maybe: 'The connection broke while the answer was on its way: the agent may have it.',
  rejected: 'The system refused the answer.',
  no: 'The answer did not reach the agent.',
} as const
