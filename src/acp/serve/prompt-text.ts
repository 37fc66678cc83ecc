/** The text of a prompt that arrives as content blocks. */
import { SignalboxError } from '../../errors.js'
import { ContentBlock } from '../protocol/schema.js'
import { isRecord } from '../../core/is-record.js'

/**
 * Joins the blocks of a prompt. A linked file is named, an embedded text file is quoted. Images and audio are refused, because the hub's
 * prompt is text: leaving them out would change the question.
 */
export function promptText(blocks: unknown): string {
  const parts = (Array.isArray(blocks) ? blocks : []).map((block: unknown) => {
    const checked = ContentBlock.safeParse(block)
    if (!checked.success) throw refused('a block of the prompt has no type')
    const { type, text, uri, name, resource } = checked.data
    if (type === 'text') return text ?? ''
    if (type === 'resource_link') return `[${name ?? uri ?? 'file'}](${uri ?? ''})`
    if (type === 'resource' && isRecord(resource) && typeof resource.text === 'string') {
      return `<file path="${String(resource.uri)}">\n${resource.text}\n</file>`
    }
    throw refused(`a block of the type "${type}" cannot be sent to this agent`)
  })
  const whole = parts.join('\n').trim()
  if (whole === '') throw refused('the prompt is empty')
  return whole
}

const refused = (why: string): SignalboxError =>
  new SignalboxError({ code: 'invalid_argument', system: 'acp', op: 'session/prompt', message: `The prompt was not sent: ${why}.` })
