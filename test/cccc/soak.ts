/**
 * A client that calls, streams, attaches and gives up many times over against a daemon in another process, and says what is left: the heap
 * after a forced collection, before and after; sockets, timers, listeners; and whether the runtime warned.
 */
import { setMaxListeners } from 'node:events'
import { createCccc } from '../../src/cccc/index.js'
import { unixSocket } from '../../transports/node/index.js'
import { note, secondRoundLeaves } from '../memory/rounds.js'

const [path = '', groupId = ''] = process.argv.slice(2)
const client = createCccc({ transport: unixSocket({ path }) })
const outer = new AbortController()
// The signal of the caller, to which every call must listen; only signals of the client itself must not cause a warning.
setMaxListeners(0, outer.signal)

/** On a busy machine the answer may be read before the timer is looked at. */
async function overdue(): Promise<void> {
  await client.call('groups', {}, { timeoutMs: 0.001 }).catch((error: { code: string }) => {
    if (error.code !== 'deadline_exceeded') throw error
  })
  note('overdue')
}

/** Of ten calls six are answered, one is refused, one runs into its deadline, one is given up after it left and one before. */
async function call(id: number): Promise<void> {
  const controller = new AbortController()
  const { signal } = controller
  try {
    const kind = id % 10
    if (kind === 6) await client.groups.show({ groupId: 'g_missing' }, { signal: outer.signal })
    else if (kind === 7) return await overdue()
    else if (kind === 8) {
      const calling = client.call('groups', {}, { signal })
      controller.abort()
      await calling
    } else if (kind === 9) {
      controller.abort()
      await client.call('groups', {}, { signal })
    } else await client.messages.send({ groupId, text: `message ${id}`, to: ['user'] }, { signal: outer.signal })
    note('answered')
  } catch (error) {
    note((error as { code: string }).code)
  }
}

/** Left by `break`, by an abort while it waits, and by `close`. */
async function stream(id: number): Promise<void> {
  const controller = new AbortController()
  const signal = id % 2 === 0 ? outer.signal : controller.signal
  const events = await client.events({ groupId, kinds: ['chat.message'] }, { signal })
  try {
    if (id % 4 === 0) await events.close()
    else {
      await client.messages.send({ groupId, text: `stream ${id}`, to: ['user'] })
      for await (const item of events) {
        if (item.type === 'event' && id % 2 === 0) break
        controller.abort()
      }
    }
    note('left')
  } catch (error) {
    note(`stream ${(error as { code: string }).code}`)
  }
}

async function terminal(): Promise<void> {
  await using channel = await client.terminal.attach({ groupId, actorId: 'sh' })
  await channel.link.write(new TextEncoder().encode('x\r'))
  if ((await channel.link.read()) !== null) note('terminal')
}

const parallel = 25
async function round(): Promise<void> {
  for (let id = 0; id < 1_000; id += parallel) {
    await Promise.all(Array.from({ length: parallel }, (_, at) => call(id + at)))
  }
  for (let id = 0; id < 200; id += parallel) {
    await Promise.all(Array.from({ length: parallel }, (_, at) => stream(id + at)))
  }
  for (let count = 0; count < 20; count += 1) await terminal()
}

const left = await secondRoundLeaves(round)
await client.close()
process.stdout.write(JSON.stringify(left))
// There is no process.exit here: a process with a leaked handle must stay, so that its parent reports it.
