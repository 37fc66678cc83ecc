/** The simulator answers like the real servers. */
import { describe, expect, test } from 'vitest'
import { createCatsyphonSimulator, serverEventHash, type CatsyphonGeneration as Generation } from '../../src/testing/index.js'
import { isMoment, parseMoment } from '../../src/testing/catsyphon/datetime.js'
import { parsePythonJson } from '../../src/testing/catsyphon/python-json.js'
import { checkEvents } from '../../src/testing/catsyphon/validate.js'
import { differences, hashVectors, recorded, toRequest, type RecordedCase } from './contract.js'

async function replay(recording: RecordedCase, generation: Generation): Promise<string[]> {
  const simulator = createCatsyphonSimulator({ generation })
  const a = simulator.register()
  const b = simulator.register()
  if (recording.id === 'auth-disabled') simulator.setEnabled(b.id, false)
  const values = {
    WORKSPACE_ID: simulator.workspaceId,
    COLLECTOR_A: a.id,
    KEY_A: a.key,
    COLLECTOR_B: b.id,
    KEY_B: b.key,
    UNKNOWN_UUID: '3f0c1d9e-5a8b-4c77-9d51-0e6f6a2b7c10',
    S1: `s1-${recording.id}`,
    S2: `s2-${recording.id}`,
  }
  const found: string[] = []
  for (const [index, { request, response }] of recording.steps.entries()) {
    const outcome = await simulator.handle(toRequest(request, values))
    found.push(...differences(outcome, response, values).map((difference) => `step ${index}: ${difference}`))
  }
  return found
}

describe('recordings of the current server', () => {
  test.each(recorded.hash)('[catsyphon.contract] $id: $title', async (recording) => {
    expect(await replay(recording, 'current')).toEqual([])
  })
})

describe('recordings of the sequence server', () => {
  test.each(recorded.sequence)('[catsyphon.contract] $id: $title', async (recording) => {
    expect(await replay(recording, 'sequence')).toEqual([])
  })
})

describe('the hash that the server computes', () => {
  test.each(hashVectors)('[catsyphon.server-hash] $event_hash', ({ type, emitted_at, data, event_hash }) => {
    // One vector distinguishes 1.0 from 1. JSON.parse has turned its 1.0 into 1, so the text is restored.
    const text = JSON.stringify(data).replace('"zz":1}', '"zz":1.0}')
    const event = { type, emitted_at, observed_at: emitted_at, data: parsePythonJson(text) }
    const complaints: Parameters<typeof checkEvents>[1] = []
    const { events } = checkEvents({ session_id: 's', events: [event] }, complaints, 'current')
    expect(complaints).toEqual([])
    const moment = parseMoment(emitted_at)
    if (!isMoment(moment)) throw new Error('not a moment')
    expect(serverEventHash(type, moment, events[0]?.data ?? {})).toBe(event_hash)
  })
})

test('the comparison finds the differences between the generations', async () => {
  const found = await Promise.all(recorded.sequence.map((recording) => replay(recording, 'current')))
  expect(found.filter((differences) => differences.length > 0).length).toBeGreaterThan(2)
})
