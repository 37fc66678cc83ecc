/** Content blocks and tool content as text and diffs. */
import type { FileDiff } from '../../hub/model/event.js'
import type { ContentBlock, ToolCallContent } from '../protocol/schema.js'

/** The words of a content block. Undefined for a block that has none, such as an image. */
export function textOf(block: ContentBlock): string | undefined {
  switch (block.type) {
    case 'text':
      return block.text ?? ''
    case 'resource_link':
      return `[${block.name ?? block.uri ?? 'link'}](${block.uri ?? ''})`
    case 'resource':
      return block.resource?.text ?? undefined
    default:
      return undefined
  }
}

/** The words of a tool's output, one paragraph a block. Undefined when the content has no words. */
export function outputOf(content: readonly ToolCallContent[]): string | undefined {
  const texts = content.flatMap((item) => (item.type === 'content' && item.content ? [textOf(item.content)] : []))
  const present = texts.filter((text) => text !== undefined)
  return present.length > 0 ? present.join('\n\n') : undefined
}

/** The file changes in a tool's content. A diff without old text creates the file. */
export function diffsOf(content: readonly ToolCallContent[]): readonly FileDiff[] {
  return content.flatMap(({ type, path, oldText, newText }) =>
    type === 'diff' && typeof path === 'string' && typeof newText === 'string'
      ? [{ path, newText, ...(typeof oldText === 'string' ? { oldText } : {}) }]
      : [],
  )
}
