/** Refuses options that do not exist. A misspelt option would be ignored, and the caller would not learn of it. */
import { SignalboxError } from '../../errors.js'

/** Every name of an options type. The compiler compares the keys with the type. */
export type NamesOf<Options> = Readonly<Record<keyof Required<Options>, true>>

/** The known name that a wrong name probably means: it differs by one edit or by two swapped letters. */
function nearestName(name: string, knownNames: readonly string[]): string | undefined {
  const plain = name.toLowerCase()
  return knownNames.find((candidate) => {
    const other = candidate.toLowerCase()
    if (Math.abs(other.length - plain.length) > 1) return false
    let start = 0
    while (start < plain.length && plain[start] === other[start]) start += 1
    let end = 0
    while (end < Math.min(plain.length, other.length) - start && plain.at(-1 - end) === other.at(-1 - end)) end += 1
    const [left, right] = [plain.slice(start, plain.length - end), other.slice(start, other.length - end)]
    return (left.length <= 1 && right.length <= 1) || (left.length === 2 && left[0] === right[1] && left[1] === right[0])
  })
}

/** Throws `invalid_argument` for a name that is not in the list. `type` names the type that lists all options. */
export function checkNames(options: object, knownNames: readonly string[], type: string, op: string): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || knownNames.includes(name)) continue
    const meant = nearestName(name, knownNames)
    throw new SignalboxError({
      code: 'invalid_argument',
      message: `There is no option "${name}".`,
      hint: meant === undefined ? `${type} lists all options.` : `Do you mean ${meant}?`,
      system: 'claude',
      op,
      sent: 'no',
    })
  }
}

/** The check for one options type. */
export function namesChecker(names: Readonly<Record<string, true>>, type: string, op: string): (options: object) => void {
  const optionNames = Object.keys(names)
  return (options) => checkNames(options, optionNames, type, op)
}
