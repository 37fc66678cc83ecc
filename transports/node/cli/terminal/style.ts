/** Colours and widths. Nothing here writes. */
import type { Terminal } from './terminal.js'

export type Paint = (text: string) => string

export interface Style {
  readonly bold: Paint
  readonly dim: Paint
  readonly red: Paint
  readonly green: Paint
  readonly yellow: Paint
  readonly blue: Paint
  readonly magenta: Paint
  readonly cyan: Paint
}

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
} as const

/** The colours of a terminal; all of them do nothing where colours are off. */
export function styleOf({ color }: Pick<Terminal, 'color'>): Style {
  const paint = ([on, off]: readonly [number, number]): Paint =>
    color ? (text) => `\x1b[${on}m${text}\x1b[${off}m` : (text) => text
  return Object.fromEntries(Object.entries(CODES).map(([name, codes]) => [name, paint(codes)])) as unknown as Style
}

// Control characters of a peer could move the cursor or change the title. Tabs and line breaks stay.
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** Text from a peer, safe to print: control characters become visible marks. */
export function printable(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** An id from a peer as one word for a shell: a quote in it must not end the word of a command that a person copies. */
export const shellWord = (id: string): string => `'${printable(id).replaceAll("'", "'\\''")}'`

/** A colour code, which takes no column, or one character. */
const UNIT = /\x1b\[[0-9;]*m|./gsu

const isColor = (unit: string): boolean => unit.length > 1 && unit.startsWith('\x1b')

/** The columns of a text. Counts characters, not cells; colours count nothing. */
export const widthOf = (text: string): number => (text.match(UNIT) ?? []).filter((unit) => !isColor(unit)).length

/** Cuts text to so many columns, with an ellipsis. Colours that were switched on are switched off. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  let left = Math.max(0, columns - 1)
  let kept = ''
  for (const unit of text.match(UNIT) ?? []) {
    if (isColor(unit)) kept += unit
    else if (left > 0) {
      kept += unit
      left -= 1
      if (left === 0) kept += '…'
    }
  }
  return columns > 1 ? kept : `…${kept}`
}

/** A table with a column as wide as its widest cell; the last column is cut to the width of the screen. */
export function table(rows: readonly (readonly string[])[], columns: number): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ''))))
  return rows
    .map((row) => {
      const cells = row.map((cell, column) =>
        column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)),
      )
      return cut(cells.join('  ').trimEnd(), columns)
    })
    .join('\n')
}
