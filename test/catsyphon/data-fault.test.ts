/** The check of an event's data against the published schemas: it must find a fault exactly where they do. */
import { expect, test } from 'vitest'
import { dataFault, eventDataSchemas, type EventType } from '../../src/catsyphon/events.js'
import { createSeededRandom } from '../../src/testing/index.js'

const TYPES = Object.keys(eventDataSchemas) as EventType[]
const KEYS = [...new Set(TYPES.flatMap((type) => Object.keys(eventDataSchemas[type].shape)))]
const VALUES: readonly unknown[] = [
  '',
  'text',
  'user',
  'assistant',
  0,
  1.5,
  -1,
  true,
  null,
  undefined,
  [],
  ['a'],
  [1],
  {},
  { a: 1 },
]

test('dataFault finds a fault exactly where the schema of the type finds one [catsyphon.refused-early]', () => {
  const random = createSeededRandom(7)
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item
  let faults = 0
  for (let round = 0; round < 5_000; round += 1) {
    const type = pick(TYPES)
    const keys = Array.from({ length: Math.floor(random() * 5) }, () => pick([...KEYS, 'constructor', 'unknown_key']))
    const data = Object.fromEntries(keys.map((key) => [key, pick(VALUES)]))
    const issues = eventDataSchemas[type].safeParse(data).error?.issues ?? []
    const fault = dataFault(type, data)
    const expected = issues.map(({ path, code }) => ({ path: path.join('.'), code }))
    if (expected.length === 0) expect(fault, `${type} ${JSON.stringify(data)}`).toBeUndefined()
    else expect(expected, `${type} ${JSON.stringify(data)}`).toContainEqual(fault)
    faults += expected.length > 0 ? 1 : 0
  }
  expect(faults).toBeGreaterThan(500)
  expect(faults).toBeLessThan(4_900)
})
