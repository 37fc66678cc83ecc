/** An elicitation of the agent (a form or a page to open) as an ask, and the answer as the response of the protocol. */
import type { Answer, AskOption, AskQuestion } from '../../hub/model/ask.js'
import type { SourceAsk } from '../../hub/source.js'
import type { CreateElicitation, FormField } from '../protocol/schema.js'

/** The response of the protocol to an elicitation. */
export type ElicitationResponse =
  | { readonly action: 'accept'; readonly content?: Readonly<Record<string, unknown>> }
  | { readonly action: 'decline' }
  | { readonly action: 'cancel' }

const YES_NO: readonly AskOption[] = [
  { id: 'true', label: 'Yes', kind: 'choice' },
  { id: 'false', label: 'No', kind: 'choice' },
]

/** An elicitation as an ask. Undefined for a mode that this version does not know; such a request is declined. */
export function elicitationAsk(request: CreateElicitation, nativeId: string): SourceAsk | undefined {
  const message = request.message ?? 'The agent asks a question'
  if (request.mode === 'url' && typeof request.url === 'string') {
    return { nativeId, kind: 'confirm', title: message, detail: `Open ${request.url} in a browser.`, input: { url: request.url } }
  }
  if (request.mode !== 'form') return undefined
  const { title, description, properties } = request.requestedSchema ?? {}
  const questions = Object.entries(properties ?? {}).map(([id, field]) => questionOf(id, field))
  // A form without fields asks only for a yes or a no.
  if (questions.length === 0) return { nativeId, kind: 'confirm', title: message }
  const detail = [title, description].filter((part) => typeof part === 'string').join('\n')
  return { nativeId, kind: 'question', title: message, questions, ...(detail ? { detail } : {}) }
}

function questionOf(id: string, field: FormField): AskQuestion {
  const multiple = field.type === 'array'
  const choices = multiple ? field.items : field
  const options: readonly AskOption[] = field.type === 'boolean' ? YES_NO : optionsOf(choices ?? undefined)
  return {
    id,
    text: [field.title ?? id, field.description].filter((part) => typeof part === 'string').join(': '),
    options,
    ...(multiple ? { multiple } : {}),
    ...(options.length === 0 ? { freeText: true } : {}),
  }
}

function optionsOf(choices: { enum?: unknown; oneOf?: unknown; anyOf?: unknown } | undefined): readonly AskOption[] {
  const titled = (choices?.oneOf ?? choices?.anyOf) as
    | readonly { const: string; title?: string | null; description?: string | null }[]
    | null
    | undefined
  if (titled) {
    return titled.map(({ const: id, title, description }) => ({
      id,
      label: title ?? id,
      kind: 'choice',
      ...(typeof description === 'string' ? { description } : {}),
    }))
  }
  return ((choices?.enum ?? []) as readonly string[]).map((id) => ({ id, label: id, kind: 'choice' }))
}

/** The response that carries an answer, with each value in the type that the form asks for. Undefined when a text is no such value. */
export function elicitationResponse(request: CreateElicitation, answer: Answer): ElicitationResponse | undefined {
  if ('accept' in answer) return answer.accept ? { action: 'accept' } : { action: 'decline' }
  if (!('answers' in answer)) return undefined
  const fields = request.requestedSchema?.properties ?? {}
  const content = Object.entries(answer.answers).map(([id, value]) => [id, valueFor(fields[id], value)] as const)
  if (content.some(([, value]) => value === undefined)) return undefined
  return { action: 'accept', content: Object.fromEntries(content) }
}

function valueFor(field: FormField | undefined, value: string | readonly string[]): unknown {
  if (field?.type === 'array') return typeof value === 'string' ? [value] : [...value]
  const single = typeof value === 'string' ? value : (value[0] ?? '')
  if (field?.type === 'boolean') return single === 'true'
  if (field?.type !== 'integer' && field?.type !== 'number') return single
  const number = single.trim() === '' ? Number.NaN : Number(single)
  const fits = field.type === 'integer' ? Number.isSafeInteger(number) : Number.isFinite(number)
  return fits ? number : undefined
}
