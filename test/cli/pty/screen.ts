/** The text that a terminal shows after these bytes: colours are dropped, and rewritten lines have only their last text. */
export function screenText(raw: string): string {
  const lines: string[][] = [[]]
  let column = 0
  for (const [part = '', parameters = '', final] of raw.matchAll(/\x1b\[([?0-9;]*)([A-Za-z])|[\s\S]/gu)) {
    const line = lines.at(-1) as string[]
    if (part === '\n') {
      lines.push([])
      column = 0
    } else if (part === '\r') column = 0
    else if (part === '\b') column = Math.max(0, column - 1)
    else if (final === 'K') line.length = parameters === '2' ? 0 : column
    else if (final === 'm') continue
    else if (final !== undefined) throw new Error(`the test terminal does not know ${JSON.stringify(part)}`)
    else {
      while (line.length < column) line.push(' ')
      line[column] = part
      column += 1
    }
  }
  return lines.map((line) => line.join('').trimEnd()).join('\n')
}
