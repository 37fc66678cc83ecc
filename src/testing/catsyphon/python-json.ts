/**
 * JSON as Python reads and writes it: `1.0` stays a float, integers stay exact, and a syntax error has the position that Python
 * gives it. The server hashes what it re-serialises, so the simulator must keep `1` and `1.0` apart.
 */

/** A number that JavaScript would print differently from Python. */
export class ExactNumber {
  constructor(
    readonly text: string,
    readonly value: number,
  ) {}
  valueOf(): number {
    return this.value
  }
}

export class JsonSyntaxError extends Error {
  constructor(readonly position: number) {
    super('JSON decode error')
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y

/** Throws `JsonSyntaxError`. */
export function parsePythonJson(text: string): unknown {
  let at = 0
  const skip = (): void => {
    while (at < text.length && ' \t\n\r'.includes(text[at] as string)) at += 1
  }
  const fail = (position = at): never => {
    throw new JsonSyntaxError(position)
  }
  const string = (): string => {
    // Without a regular expression: over megabytes it overflows the stack of some engines.
    let end = at + 1
    while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1
    try {
      const value = JSON.parse(text.slice(at, end + 1)) as string
      at = end + 1
      return value
    } catch {
      return fail()
    }
  }
  const number = (): unknown => {
    NUMBER.lastIndex = at
    const found = NUMBER.exec(text)
    if (!found) return fail()
    at += found[0].length
    const value = Number(found[0])
    const isFloat = found[1] !== undefined || found[2] !== undefined
    const printed = isFloat ? pythonFloat(value) : found[0]
    return printed === String(value) ? value : new ExactNumber(printed, value)
  }
  const value = (): unknown => {
    skip()
    const first = text[at]
    if (first === '"') return string()
    if (first === '{') return object()
    if (first === '[') return array()
    for (const [word, meaning] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (text.startsWith(word, at)) {
        at += word.length
        return meaning
      }
    }
    return number()
  }
  const object = (): unknown => {
    const out: Record<string, unknown> = {}
    at += 1
    skip()
    if (text[at] === '}') {
      at += 1
      return out
    }
    for (;;) {
      skip()
      if (text[at] !== '"') return fail()
      const key = string()
      skip()
      if (text[at] !== ':') return fail()
      at += 1
      Object.defineProperty(out, key, { value: value(), enumerable: true, configurable: true, writable: true })
      skip()
      const next = text[at]
      if (next !== ',' && next !== '}') return fail()
      at += 1
      if (next === '}') return out
    }
  }
  const array = (): unknown => {
    const out: unknown[] = []
    at += 1
    skip()
    if (text[at] === ']') {
      at += 1
      return out
    }
    for (;;) {
      out.push(value())
      skip()
      const next = text[at]
      if (next !== ',' && next !== ']') return fail()
      at += 1
      if (next === ']') return out
    }
  }
  const result = value()
  skip()
  if (at < text.length) fail()
  return result
}

/** Python's `json.dumps(value, sort_keys=True)`: spaces after separators, everything outside printable ASCII escaped. */
export function dumpPythonJson(value: unknown): string {
  if (value instanceof ExactNumber) return value.text
  if (typeof value === 'string') return dumpString(value)
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : pythonFloat(value)
  if (Array.isArray(value)) return `[${value.map(dumpPythonJson).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => byCodePoint(a, b))
    return `{${entries.map(([key, item]) => `${dumpString(key)}: ${dumpPythonJson(item)}`).join(', ')}}`
  }
  return JSON.stringify(value)
}

function dumpString(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

// UTF-16 order differs from Python's for astral characters.
function byCodePoint(a: string, b: string): number {
  const left = [...a]
  const right = [...b]
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const difference = (left[index]?.codePointAt(0) ?? 0) - (right[index]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : value < 0 ? '-Infinity' : 'NaN'
  const size = Math.abs(value)
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) {
    const [mantissa = '', exponent = ''] = value.toExponential().split('e')
    const digits = exponent.slice(1).padStart(2, '0')
    return `${mantissa}e${exponent[0]}${digits}`
  }
  return Number.isInteger(value) ? `${Object.is(value, -0) ? '-0' : value}.0` : String(value)
}
