/** The recorder: the journal of a hub in CatSyphon, each event once. */
import { describe, expect, test } from 'vitest'
import { catsyphonOutbox, createCatsyphon, type Catsyphon } from '../../src/catsyphon/index.js'
import { createHub, recordHub, type Hub, type HubCursor, type HubEvent, type RecordOptions } from '../../src/hub/index.js'
import { memoryStore, type Store } from '../../src/store/index.js'
import { createCrashingStore, createScriptedSystem } from '../../src/testing/hub/index.js'
import { createCatsyphonSimulator, type CatsyphonSimulator } from '../../src/testing/index.js'
import { hubOverLink } from './over-link.js'

const GENERATIONS = ['current', 'transitional', 'sequence'] as const

const connect = (simulator: CatsyphonSimulator, store: Store, { id, key } = simulator.register()): Promise<Catsyphon> =>
  createCatsyphon({
    transport: simulator.transport,
    collectorId: id,
    apiKey: key,
    outbox: catsyphonOutbox({ store }),
    flushIntervalMs: 5,
  })

/** What the server stored, by session, without the times. */
const stored = ({ ledger }: CatsyphonSimulator): Record<string, string[]> =>
  Object.fromEntries(
    [...ledger.sessions.keys()].map((id) => [
      id,
      ledger.rows(id).map(({ type, data }) => {
        const { raw_data: _raw, event_hash: _hash, ...rest } = data
        return `${type} ${JSON.stringify(rest)}`
      }),
    ]),
  )

const lastSeq = async (hub: Hub): Promise<number> => {
  const marker = hub.prompt('script/z', 'marker')
  await marker.end()
  return (await marker.info()).endSeq ?? 0
}

/** Records until everything of the journal is in the outbox and delivered. */
async function recordAll(hub: Hub, options: RecordOptions, catsyphon: Catsyphon): Promise<number> {
  const until = await lastSeq(hub)
  await using recorder = await recordHub(hub, options)
  await expect.poll(() => recorder.status().cursor?.seq ?? 0).toBeGreaterThanOrEqual(until)
  await recorder.close()
  expect(await catsyphon.flush({ timeoutMs: 5000 })).toEqual({ pending: 0 })
  return recorder.status().recorded
}

/** A turn with every kind of event. */
const system = () =>
  createScriptedSystem({
    agents: ['a', 'b', 'z'],
    script: async (turn) => {
      if (turn.prompt.text === 'marker') return turn.end()
      turn.event({ kind: 'message', id: 't', role: 'thought', text: 'Look at it.', how: 'replace', partial: false })
      turn.delta('I ')
      turn.event({ kind: 'tool', id: 't1', name: 'Bash', status: 'running', input: { command: 'npm test' } })
      turn.event({ kind: 'tool', id: 't1', status: 'done', output: 'ok' })
      if (turn.prompt.text === 'ask') await turn.ask({ nativeId: `q${turn.prompt.promptId}`, title: 'May it run?' })
      if (turn.prompt.text === 'cut') return turn.end({ outcome: 'failed', error: { code: 'remote', message: 'It broke.' } })
      turn.say('I did it.')
      turn.event({ kind: 'usage', scope: 'turn', basis: 'reported', tokens: { input: 5, output: 7 }, costUsd: 0.5 })
      turn.end()
    },
  })

test('each kind of event is recorded as an event of CatSyphon [hub.record.kinds]', async () => {
  await using hub = await createHub({ sources: [system().source()] })
  await using store = memoryStore()
  const simulator = createCatsyphonSimulator()
  await using catsyphon = await connect(simulator, store)
  const asking = hub.prompt('script/a', 'ask', { by: 'ann' })
  await expect.poll(async () => (await hub.asks()).length).toBe(1)
  const [ask] = await hub.asks()
  await hub.answer(ask?.id ?? '', { accept: true }, { by: 'bob' })
  await asking.end()
  await hub.prompt('script/a', 'cut').end()
  await recordAll(hub, { catsyphon, store, agents: ['script/a'] }, catsyphon)
  expect(simulator.ledger.sessions.size).toBe(1)
  const [id = ''] = simulator.ledger.sessions.keys()
  const rows = simulator.ledger.rows(id).map(({ type, data }) => [type, data.author_role, data.content ?? data.message])
  expect(rows.filter(([type]) => type !== 'tool_call' && type !== 'tool_result')).toEqual([
    ['message', 'human', 'ask'],
    ['thinking', undefined, 'Look at it.'],
    ['message', 'system', 'May it run?'],
    // The agent goes on before the hub has the result of the answer.
    ['message', 'assistant', 'I did it.'],
    ['message', 'system', 'The ask is answered by bob (delivered: yes).'],
    ['message', 'system', 'The turn is completed.'],
    ['message', 'human', 'cut'],
    ['thinking', undefined, 'Look at it.'],
    ['message', 'assistant', 'I '],
    ['error', undefined, 'It broke.'],
  ])
  const tools = simulator.ledger.rows(id).filter(({ type }) => type.startsWith('tool'))
  expect(tools.slice(0, 2).map(({ data }) => data)).toMatchObject([
    { tool_name: 'Bash', tool_use_id: 't1', parameters: { command: 'npm test' } },
    { tool_use_id: 't1', success: true, result: 'ok' },
  ])
  const usage = simulator.ledger.rows(id).find(({ data }) => data.token_usage)
  expect(usage?.data.token_usage).toEqual({ input_tokens: 5, output_tokens: 7 })
})

describe.each(GENERATIONS)('on the %s server', (generation) => {
  test('a recorder that dies at any write records each event once [hub.record.once]', async () => {
    const agents = system()
    await using hub = await createHub({ sources: [agents.source()] })
    for (const text of ['one', 'cut', 'two'])
      await Promise.all([hub.prompt('script/a', text).end(), hub.prompt('script/b', text).end()])
    agents.push('a', { kind: 'agent', change: 'gone' })
    const chopped = inPieces(hub, 5)

    const record = async (crashes: readonly { readonly at: number; readonly when: 'before' | 'after' }[]) => {
      const simulator = createCatsyphonSimulator({ generation })
      const collector = simulator.register()
      await using store = memoryStore()
      // The id is part of the ids of the sessions: the same in each run, so that the runs can be compared.
      const kv = await store.kv('recorder')
      await kv.put('position', new TextEncoder().encode(JSON.stringify({ v: 1, id: 'fixed' })))
      let writes = 0
      for (const crash of crashes) {
        const crashing = createCrashingStore(store, crash)
        const dying = (async () => {
          const catsyphon = await connect(simulator, crashing.store, collector)
          const recorder = await recordHub(chopped, { catsyphon, store: crashing.store })
          await recorder.done
        })()
        dying.catch(() => {})
        await crashing.crashed
      }
      const counting = createCrashingStore(store)
      await using catsyphon = await connect(simulator, counting.store, collector)
      await recordAll(chopped, { catsyphon, store: counting.store, agents: ['script/a', 'script/b'] }, catsyphon)
      writes = counting.writes
      return { rows: stored(simulator), writes }
    }
    const { rows: expected, writes } = await record([])
    expect(Object.values(expected).map((rows) => rows.length)).toEqual([18, 18])
    for (let at = 1; at <= Math.min(writes, 60); at += 1) {
      const when = at % 2 === 0 ? 'before' : 'after'
      const { rows } = await record([
        { at, when },
        { at: 1 + ((at * 7) % 23), when: 'after' },
      ])
      // A killed recorder records every agent, so it may have reached the markers of the test itself.
      const own = Object.fromEntries(Object.entries(rows).filter(([id]) => id in expected))
      expect(own, `killed ${when} write ${at}`).toEqual(expected)
    }
  }, 120_000)
})

/** The same hub, whose watches give at most so many events at a time. */
function inPieces(hub: Hub, size: number): Hub {
  const watch: Hub['watch'] = (options) => {
    const stream = hub.watch(options)
    let cursor: HubCursor | undefined
    const pieces = async function* (): AsyncGenerator<readonly HubEvent[]> {
      for await (const batch of stream.batches()) {
        for (let at = 0; at < batch.length; at += size) {
          const piece = batch.slice(at, at + size)
          cursor = { journal: stream.cursor?.journal ?? '', seq: piece.at(-1)?.seq ?? 0 }
          yield piece
        }
      }
    }
    return {
      get cursor() {
        return cursor
      },
      [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator](),
      batches: pieces,
      close: () => stream.close(),
      [Symbol.asyncDispose]: () => stream.close(),
    }
  }
  return { ...hub, watch }
}

test('a recorder behind a link continues at its position after a restart [hub.record.restart]', async () => {
  await using hub = await hubOverLink({ sources: [system().source()] })
  await using store = memoryStore()
  const simulator = createCatsyphonSimulator()
  await using catsyphon = await connect(simulator, store)
  const agents = ['script/a']
  await hub.prompt('script/a', 'one').end()
  expect(await recordAll(hub, { catsyphon, store, agents }, catsyphon)).toBe(7)
  expect(await recordAll(hub, { catsyphon, store, agents }, catsyphon)).toBe(0)
  await hub.prompt('script/a', 'two').end()
  expect(await recordAll(hub, { catsyphon, store, agents }, catsyphon)).toBe(6)
})

test('secrets are removed before an event is in the outbox [hub.record.secrets]', async () => {
  const agents = createScriptedSystem({
    agents: ['a', 'z'],
    script: (turn) => {
      turn.event({ kind: 'tool', id: 't', name: 'Http', status: 'running', input: { url: 'x', password: 'hunter2' } })
      turn.event({ kind: 'tool', id: 't', status: 'done', output: 'Authorization: Bearer abcdefghijklmnop1234' })
      turn.end()
    },
  })
  await using hub = await createHub({ sources: [agents.source()] })
  await using store = memoryStore()
  const simulator = createCatsyphonSimulator()
  await using catsyphon = await connect(simulator, store)
  await hub.prompt('script/a', 'go').end()
  await recordAll(hub, { catsyphon, store }, catsyphon)
  const text = JSON.stringify(stored(simulator))
  expect(text).toContain('"tool_name":"Http"'.replaceAll('"', '\\"'))
  expect(text).not.toMatch(/hunter2|abcdefghijklmnop1234/)
})

test('a trimmed journal leaves a line where events are missing [hub.record.gap]', async () => {
  await using hub = await createHub({ sources: [system().source()], limits: { maxEvents: 20 } })
  await using store = memoryStore()
  const simulator = createCatsyphonSimulator()
  await using catsyphon = await connect(simulator, store)
  const agents = ['script/a']
  await hub.prompt('script/a', 'one').end()
  await recordAll(hub, { catsyphon, store, agents }, catsyphon)
  for (let count = 0; count < 20; count += 1) await hub.prompt('script/a', 'more').end()
  await recordAll(hub, { catsyphon, store, agents }, catsyphon)
  const rows = Object.values(stored(simulator)).flat()
  expect(rows.filter((row) => row.includes('lost events'))).toHaveLength(1)
})

test('the history of a system is recorded once, before the events of the journal [hub.record.history]', async () => {
  const agents = system()
  await using inner = await createHub({ sources: [agents.source()] })
  const past = (id: string, reportedAt: string): HubEvent => ({
    v: 1,
    seq: 0,
    epoch: '',
    at: reportedAt,
    reportedAt,
    agent: 'script/a',
    session: 'main',
    origin: 'replay',
    kind: 'message',
    id,
    role: 'agent',
    text: `said ${id}`,
    how: 'replace',
    partial: false,
  })
  const hub: Hub = {
    ...inner,
    history: async (_agent, query) =>
      query?.before === undefined
        ? { events: [past('2', '2020-01-02T00:00:00.000Z'), past('3', '2099-01-01T00:00:00.000Z')], before: 'x', complete: true }
        : { events: [past('1', '2020-01-01T00:00:00.000Z')], complete: true },
  }
  await using store = memoryStore()
  const simulator = createCatsyphonSimulator()
  await using catsyphon = await connect(simulator, store)
  await hub.prompt('script/a', 'one').end()
  // The system sends an old message again, as a source that polls does.
  agents.push('a', { kind: 'message', session: 'main', id: '1', role: 'agent', text: 'said 1', how: 'replace', partial: false })
  const options = { catsyphon, store, agents: ['script/a'], history: true }
  await recordAll(hub, options, catsyphon)
  await hub.prompt('script/a', 'two').end()
  await recordAll(hub, options, catsyphon)
  const rows = Object.values(stored(simulator)).flat()
  expect(rows.filter((row) => row.includes('said')).map((row) => /said \d/.exec(row)?.[0])).toEqual(['said 1', 'said 2'])
  expect(rows[0]).toContain('said 1')
})

test('a second recorder of the same name is refused while the first one runs [hub.record.single]', async () => {
  await using hub = await createHub({ sources: [system().source()] })
  await using store = memoryStore()
  await using catsyphon = await connect(createCatsyphonSimulator(), store)
  const first = await recordHub(hub, { catsyphon, store })
  await expect(recordHub(hub, { catsyphon, store })).rejects.toMatchObject({ code: 'conflict', sent: 'no' })
  await first.close()
  await using second = await recordHub(hub, { catsyphon, store })
  await hub.close()
  await second.done
})
