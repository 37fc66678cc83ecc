/** Checks the result of an op for the keys that every recorded daemon gave. The whole client uses it by default. */
import { isRecord } from '../core/is-record.js'
import { isEvent, type CcccAnswerCheck, type Loose } from './shapes.js'
import { loadOps, type OpTable } from './table.js'
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

/**
 * Makes the check that `createCcccCore({ answers })` takes: it returns the first key that is missing or has another type. `ops`: the op
 * table, if the caller has loaded it already.
 * @example
 * import { ccccAnswers, createCcccCore } from 'signalbox/cccc'
 * import { ccccDaemon } from 'signalbox/node'
 *
 * await using client = createCcccCore({ transport: ccccDaemon(), answers: ccccAnswers(), validate: 'strict' })
 * console.log((await client.call('ping')).version)
 */
export function ccccAnswers(ops: OpTable = loadOps()): CcccAnswerCheck {
  const lines = ANSWERS.split('\n')
  const expected = new Map([...ops.keys()].sort().map((op, index) => [op, lines[index]]))
  return (op: string, result: Loose) => {
    for (const each of expected.get(op)?.split(' ') ?? []) {
      const key = each.slice(1)
      const wanted = TYPES[each[0] ?? '']
      const found = typeOf(result[key])
      if (wanted && found !== wanted && !(wanted === 'event' && isEvent(result[key]))) {
        return { path: `result.${key}`, message: `expected ${wanted}, found ${found}` }
      }
    }
    return undefined
  }
}
