/** Asks of the hub as requests to an editor, and the editor's response as an answer. Pure. */
import { isRecord } from '../../core/is-record.js'
import type { Answer, Ask, AskOption } from '../../hub/model/ask.js'
import { CLIENT_METHODS } from '../protocol/methods.js'

/** What the editor can show, from its answer to `initialize`. */
export interface EditorAbilities {
  readonly forms: boolean
  readonly urls: boolean
  readonly notices: boolean
}

/** A request for the editor. `read` makes an answer from the response; undefined means that the person gave none. */
export interface Question {
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
  /** The editor opens a page for this question. It gets `elicitation/complete` when the person has answered there. */
  readonly isPage?: true
  read(response: unknown): Answer | undefined
}

/** Reads what the editor says about itself. */
export function abilitiesOf(initialize: unknown): EditorAbilities {
  const { clientCapabilities } = isRecord(initialize) ? initialize : {}
  const { elicitation, session } = isRecord(clientCapabilities) ? clientCapabilities : {}
  const { form, url } = isRecord(elicitation) ? elicitation : {}
  const { notices } = isRecord(session) ? session : {}
  return { forms: isRecord(form), urls: isRecord(url), notices: isRecord(notices) }
}

const PERMISSION_KINDS: readonly (string | undefined)[] = ['allow_once', 'allow_always', 'reject_once', 'reject_always']
const YES_NO: readonly AskOption[] = [
  { id: 'yes', label: 'Yes', kind: 'allow_once' },
  { id: 'no', label: 'No', kind: 'reject_once' },
]

/**
 * The request for an ask, or the reason why this editor cannot show it. A secret is never asked for in a form: it is entered on a page
 * of the gateway, whose address `secretPage` gives.
 */
export function questionFor(
  ask: Ask,
  session: string,
  abilities: EditorAbilities,
  secretPage?: (ask: Ask) => string | undefined,
): Question | { readonly impossible: string } {
  switch (ask.kind) {
    case 'secret':
      return secretQuestion(ask, session, abilities, secretPage)
    case 'question': {
      if (abilities.forms && ask.questions) return formQuestion(ask, session)
      const [only, ...more] = ask.questions ?? []
      if (only && more.length === 0 && !only.multiple && only.options.length > 0) {
        return choiceQuestion(ask, session, only.options, (option) => ({ answers: { [only.id]: option } }))
      }
      return { impossible: 'this editor cannot show a form' }
    }
    default: {
      const { options } = ask
      if (options && options.length > 0) return choiceQuestion(ask, session, options, (option) => ({ option }))
      return choiceQuestion(ask, session, YES_NO, (option) => ({ accept: option === 'yes' }))
    }
  }
}

/** A choice between options. Without a choice nobody has decided, which is not a refusal. */
function choiceQuestion(ask: Ask, session: string, options: readonly AskOption[], toAnswer: (option: string) => Answer): Question {
  const { id, title, detail, input, paths } = ask
  return {
    method: CLIENT_METHODS.requestPermission,
    params: {
      sessionId: session,
      toolCall: {
        toolCallId: id,
        title,
        ...(input === undefined ? {} : { rawInput: input }),
        ...(detail === undefined ? {} : { content: [{ type: 'content', content: { type: 'text', text: detail } }] }),
        ...(paths ? { locations: paths.map((path) => ({ path })) } : {}),
      },
      options: options.map((option) => ({
        optionId: option.id,
        name: option.label,
        kind: PERMISSION_KINDS.includes(option.kind) ? option.kind : 'allow_once',
      })),
    },
    read(response) {
      const { outcome } = isRecord(response) ? response : {}
      if (!isRecord(outcome) || outcome.outcome !== 'selected') return undefined
      return typeof outcome.optionId === 'string' ? toAnswer(outcome.optionId) : undefined
    },
  }
}

function formQuestion(ask: Ask, session: string): Question {
  const questions = ask.questions ?? []
  const properties = questions.map(({ id, text, options, multiple }) => {
    const choices = options.map(({ id: choice, label }) => ({ const: choice, title: label }))
    const field = multiple
      ? { type: 'array', items: choices.length > 0 ? { anyOf: choices } : { type: 'string', enum: [] } }
      : { type: 'string', ...(choices.length > 0 ? { oneOf: choices } : {}) }
    return [id, { title: text, ...field }] as const
  })
  return {
    method: CLIENT_METHODS.createElicitation,
    params: {
      mode: 'form',
      sessionId: session,
      message: ask.detail === undefined ? ask.title : `${ask.title}\n${ask.detail}`,
      requestedSchema: {
        type: 'object',
        properties: Object.fromEntries(properties),
        required: questions.map(({ id }) => id),
      },
    },
    read(response) {
      const { action, content } = isRecord(response) ? response : {}
      if (action === 'decline') return { accept: false }
      if (action !== 'accept' || !isRecord(content)) return undefined
      const answers = Object.entries(content).map(
        ([id, value]) => [id, Array.isArray(value) ? value.map(String) : String(value)] as const,
      )
      return { answers: Object.fromEntries(answers) }
    },
  }
}

function secretQuestion(
  ask: Ask,
  session: string,
  abilities: EditorAbilities,
  secretPage: ((ask: Ask) => string | undefined) | undefined,
): Question | { readonly impossible: string } {
  const url = abilities.urls ? secretPage?.(ask) : undefined
  if (url === undefined) return { impossible: 'a secret cannot travel through an editor' }
  return {
    method: CLIENT_METHODS.createElicitation,
    params: { mode: 'url', sessionId: session, message: ask.title, elicitationId: ask.id, url },
    isPage: true,
    // The page gives the secret to the hub; the editor only opens the page.
    read: () => undefined,
  }
}
