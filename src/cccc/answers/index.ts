/**
 * What is known of the answers to the ops, for programs that want them checked: the keys that every recorded daemon gave. An entry of its
 * own, because most programs ask a few ops and look at what they got.
 */
import { isEvent, isRecord, type CcccAnswerCheck, type Loose } from '../shapes.js'
import { ANSWERS } from './answers.gen.js'

const TYPES: Readonly<Record<string, string>> = {
  $: 'string',
  '#': 'number',
  '?': 'boolean',
  '*': 'list',
  '%': 'object',
  '!': 'event',
}

function typeOf(value: unknown): string {
  return Array.isArray(value) ? 'list' : isRecord(value) ? 'object' : typeof value
}

/** For `createCccc({ answers })`: finds the first key that does not hold what it always held. */
export function ccccAnswers(): CcccAnswerCheck {
  const expected = new Map(ANSWERS.split('\n').map((line) => [line.slice(0, line.indexOf(' ')), line.split(' ').slice(1)]))
  return (op: string, result: Loose) => {
    for (const each of expected.get(op) ?? []) {
      const key = each.slice(1)
      const wanted = TYPES[each[0] ?? '']
      const found = typeOf(result[key])
      if (found !== wanted && !(wanted === 'event' && isEvent(result[key]))) {
        return { path: `result.${key}`, message: `expected ${wanted}, found ${found}` }
      }
    }
    return undefined
  }
}
