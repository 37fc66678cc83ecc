/**
 * A fixture of every kind of event for every system, in `test/fixtures/hub`. `SIGNALBOX_UPDATE=1` writes them anew. The schema of the
 * package is made from the types, and every fixture is valid against it.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { EVENT_KINDS, type EventKind } from '../../src/hub/index.js'
import { SILENT, SYSTEMS, type Sample, type System } from './kinds/collect.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const schemaText = readFileSync(`${root}schema/hub-v1.json`, 'utf8')
const eventType = z.fromJSONSchema(JSON.parse(schemaText) as Parameters<typeof z.fromJSONSchema>[0])
const pathOf = (system: string): string => `${root}test/fixtures/hub/${system}.json`
const stored = (system: string): Sample[] =>
  existsSync(pathOf(system)) ? (JSON.parse(readFileSync(pathOf(system), 'utf8')) as Sample[]) : []
const kindsOf = (samples: readonly Sample[]): EventKind[] =>
  EVENT_KINDS.filter((kind) => samples.some(({ event }) => event.kind === kind))

test('the schema in the package accepts exactly what the types allow [hub.schema.types]', async () => {
  const script = (await import('../../scripts/hub-schema.mjs' as string)) as { hubSchema(): string }
  expect(script.hubSchema()).toBe(schemaText)
}, 180_000)

describe.each(Object.keys(SYSTEMS) as System[])('%s', (system) => {
  test('the source makes these kinds of events from the recordings, valid against the schema [hub.schema.valid]', async () => {
    const made = await SYSTEMS[system]()
    if (process.env.SIGNALBOX_UPDATE) write(system, made)
    const samples = stored(system)
    for (const { event } of [...made, ...samples]) {
      const result = eventType.safeParse(JSON.parse(JSON.stringify(event)))
      expect(result.error?.issues, `${event.kind}: ${JSON.stringify(event)}`).toBeUndefined()
    }
    expect(kindsOf(made)).toEqual(kindsOf(samples))
  }, 180_000)

  test('every kind of event has a fixture or a reason why the system has no such event [hub.schema.kinds]', () => {
    const kinds = kindsOf(stored(system))
    const silent = Object.keys(SILENT[system])
    expect(kinds.filter((kind) => silent.includes(kind))).toEqual([])
    expect([...kinds, ...silent].sort()).toEqual([...EVENT_KINDS].sort())
  })

  test('the table in the documents says the same [hub.schema.docs]', () => {
    const table = readFileSync(`${root}docs/hub.md`, 'utf8').split('## System × event kind')[1]?.split('\n## ')[0] ?? ''
    const [head = [], ...rows] = table
      .split('\n')
      .filter((line) => line.startsWith('|') && !line.startsWith('| ---'))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      )
    const column = head.findIndex((cell) => cell.toLowerCase().split(' ')[0] === system)
    const none = rows.filter((row) => row[column] === '–').map(([kind = '']) => kind.replaceAll('`', ''))
    const named = rows.map(([kind = '']) => kind.replaceAll('`', ''))
    expect(named.sort()).toEqual([...EVENT_KINDS].sort())
    expect(none.sort()).toEqual(Object.keys(SILENT[system]).sort())
  })
})

/** Values that differ in each run are replaced. */
function write(system: System, samples: readonly Sample[]): void {
  const ids = new Map<string, string>()
  const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
  const replaced = (text: string): string =>
    text.replace(uuid, (id) => {
      if (!ids.has(id)) ids.set(id, `id-${ids.size + 1}`)
      return ids.get(id) ?? ''
    })
  const TIMES = ['at', 'askedAt', 'expiresAt']
  const plain = (key: string, value: unknown): unknown => {
    if (key === 'raw') return undefined
    if (key === 'seq') return 1
    if (key === 'epoch') return 'epoch'
    if (TIMES.includes(key)) return '2026-01-01T00:00:00.000Z'
    return typeof value === 'string' ? replaced(value) : value
  }
  const ordered = EVENT_KINDS.flatMap((kind) => samples.find(({ event }) => event.kind === kind) ?? [])
  writeFileSync(pathOf(system), `${JSON.stringify(ordered, plain, 2)}\n`)
}
