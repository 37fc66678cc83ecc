/** What the conformance suite of CCCC needs to know about the daemon before it. */
import { createCccc, type CcccClient, type CcccDialect, type CcccEvent, type CcccEventStream } from '../../../src/cccc/index.js'
import type { StreamTransport } from '../../../src/index.js'
import { check } from '../../../src/testing/index.js'

export interface CcccContext {
  readonly transport: StreamTransport
  readonly dialect: CcccDialect
  /** The Rust daemon derives the runner from the runtime and refuses to be told. */
  readonly implementation: 'simulator' | 'python' | 'rust'
  /** Some daemons have no stream of events: the client polls there. Default true. */
  readonly streams?: boolean
  /** From 0.4.41 on a request for a reply without recipients goes to the foreman; an older daemon of dialect C refuses it. */
  readonly asksForeman?: boolean
  /** Ops that a gateway in front of the daemon refuses. */
  readonly serverOnly?: (op: string) => boolean
  /** A directory on the daemon's machine. */
  readonly projectPath: string
  /** How often the race at the start of a stream is run; default 5. */
  readonly rounds?: number
}

export interface Fixture {
  readonly client: CcccClient
  readonly groupId: string
}

const runnerFor = ({ implementation }: CcccContext, runner: 'headless' | 'pty') => {
  const command = ['sh', '-c', 'cat']
  if (implementation === 'rust') return { command }
  return runner === 'pty' ? { runner, command } : { runner }
}

/** A group of its own for each case, with the two actors that every op of messaging needs. */
export async function withGroup(context: CcccContext, run: (fixture: Fixture) => Promise<void>): Promise<void> {
  await using client = createCccc({ transport: context.transport, timeoutMs: 20_000 })
  const groupId = await newGroup(context, client)
  try {
    await run({ client, groupId })
  } finally {
    await client.groups.stop({ groupId }).catch(() => {})
    await client.groups.delete({ groupId }).catch(() => {})
  }
}

export async function newGroup(context: CcccContext, client: CcccClient): Promise<string> {
  const { group_id: groupId } = await client.groups.create({ title: 'conformance' })
  await client.groups.attach({ path: context.projectPath, groupId })
  for (const actorId of ['lead', 'peer1']) {
    await client.actors.add({ groupId, actorId, runtime: 'custom', ...runnerFor(context, 'headless') })
  }
  return groupId
}

export async function addShell(context: CcccContext, { client, groupId }: Fixture): Promise<void> {
  await client.actors.add({ groupId, actorId: 'shell1', runtime: 'custom', ...runnerFor(context, 'pty') })
  // The Rust daemon adds an actor without starting it.
  if (context.implementation === 'rust') await client.actors.start({ groupId, actorId: 'shell1' })
}

/** Events of a stream until as many of one's own texts came as were waited for; gaps and doubles fail. */
export async function readTexts(stream: CcccEventStream, wanted: number): Promise<string[]> {
  const texts: string[] = []
  for await (const item of stream) {
    check(item.type === 'event', `a gap where nothing was lost: ${JSON.stringify(item)}`)
    if (item.event.kind !== 'chat.message') continue
    texts.push(textOf(item.event))
    if (texts.length >= wanted) break
  }
  return texts
}

export function textOf({ data }: CcccEvent): string {
  return String(data.text)
}
