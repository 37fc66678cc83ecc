/** Data for the model, as a labelled block before the message. JSON here; TOON comes from an entry of its own. */

export interface ContextEncoder {
  /** Undefined where this data is better off, or only possible, as JSON. */
  encode(data: unknown): { readonly text: string; readonly language: string; readonly hint: string } | undefined
}

/** Data as the block that goes before a message: JSON, or what the encoder makes of it. */
export function encodeContext(data: unknown, encoder?: ContextEncoder, label = 'Context'): string {
  const encoded = encoder?.encode(data) ?? { text: JSON.stringify(data, undefined, 2), language: 'json', hint: '' }
  const hint = encoded.hint === '' ? '' : `${encoded.hint}\n`
  return `[${label}]\n${hint}\`\`\`${encoded.language}\n${encoded.text}\n\`\`\``
}
