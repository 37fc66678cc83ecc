/** Writes data for the model as a labelled block before the message: as JSON, or with an encoder such as TOON. */

export interface ContextEncoder {
  /** The data as text, or undefined to have it written as JSON. */
  encode(data: unknown): { readonly text: string; readonly language: string; readonly hint: string } | undefined
}

/** The block with the data, as it is put before a message. Written as JSON when the encoder gives undefined. */
export function encodeContext(data: unknown, encoder?: ContextEncoder, label = 'Context'): string {
  const encoded = encoder?.encode(data) ?? { text: JSON.stringify(data, undefined, 2), language: 'json', hint: '' }
  const hint = encoded.hint === '' ? '' : `${encoded.hint}\n`
  return `[${label}]\n${hint}\`\`\`${encoded.language}\n${encoded.text}\n\`\`\``
}
