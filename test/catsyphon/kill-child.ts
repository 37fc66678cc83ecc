/** Writes events as fast as they become durable and prints each acknowledgement, until it is killed. In its other mode it sends what is left and prints its counts. */
import { writeSync } from 'node:fs'
import process from 'node:process'
import { createCatsyphon, type CatsyphonEvent } from '../../src/catsyphon/index.js'
import { catsyphonOutbox } from '../../src/catsyphon/outbox/index.js'
import { fetchExchange } from '../../transports/web/fetch-exchange.js'
import { fileStore } from '../../transports/node/store/file.js'

interface Task {
  readonly url: string
  readonly collectorId: string
  readonly apiKey: string
  readonly directory: string
  readonly sessions: readonly string[]
  readonly round: number
  readonly drain: boolean
}

const task = JSON.parse(process.argv[2] ?? '{}') as Task
// One write for each line, so that lines before a kill are complete.
const say = (line: unknown): void => {
  for (;;) {
    try {
      writeSync(1, `${JSON.stringify(line)}\n`)
      return
    } catch (error) {
      // The pipe is full for a moment.
      if ((error as { code?: unknown }).code !== 'EAGAIN') throw error
    }
  }
}

const onEvent = (event: CatsyphonEvent): void => {
  if (event.type === 'ambiguous') say({ ambiguous: event.count, queue: event.queue, from: event.from, to: event.to })
  if (['dead', 'dropped', 'lost', 'halted', 'unsaved', 'rejected', 'filled'].includes(event.type)) say({ report: event })
}
const store = fileStore({ directory: task.directory, segmentBytes: 20_000, onDamage: (damage) => say({ damage }) })
const client = await createCatsyphon({
  transport: fetchExchange({ baseUrl: task.url, redirects: 'never' }),
  collectorId: task.collectorId,
  apiKey: task.apiKey,
  outbox: catsyphonOutbox({ store }),
  onEvent,
  timeoutMs: task.drain ? 20_000 : 150,
  ambiguousPauseMs: 30,
  retryConfig: { initialDelayMs: 5, maxDelayMs: 40, jitter: false },
  batchSize: 5,
  flushIntervalMs: 20,
  drainTimeoutMs: 120_000,
})

if (task.drain) {
  const report = await client.flush()
  say({ drained: report.pending, error: report.error?.message, dead: (await client.deadLetters.list()).length })
  await client.close()
  await store[Symbol.asyncDispose]()
} else {
  for (let index = 0; ; index += 1) {
    const id = task.sessions[index % task.sessions.length] as string
    const session = client.session(id)
    if (task.round === 0 && index < task.sessions.length) await session.start({ agentType: 'killed' })
    // Two at a time: one is acknowledged while the other is being written.
    const contents = [`${task.round}.${index}a`, `${task.round}.${index}b`]
    await Promise.all(
      contents.map(async (content) => {
        await session.message({ role: 'user', content })
        say({ ack: content, queue: id })
      }),
    )
  }
}
