/** The transports of a local process, as contexts for the contract suite: on Node, Bun and Deno alike. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Link, Listener, OpenOptions, StreamTransport } from '../../src/index.js'
import { memoryServer, type ContractContext, type ContractPair } from '../../src/testing/index.js'
import { heldByProcess } from './held.js'

/** The entry of the runtime under test: the three export the same names. */
export type Entry = typeof import('../../transports/node/index.js')

/** How to start this runtime on a program, up to its own arguments. */
export interface Program {
  readonly file: string
  readonly args: readonly string[]
}

export interface ClosableContext extends ContractContext, AsyncDisposable {}

export async function unixContext({ listenUnix, unixSocket }: Entry): Promise<ClosableContext> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-contract-'))
  const path = join(folder, 'peer.sock')
  const listener = await listenUnix({ path })
  return socketContext('unix', unixSocket({ path }), listener, () => rmSync(folder, { recursive: true, force: true }))
}

export async function tcpContext({ listenTcp, tcpSocket }: Entry): Promise<ClosableContext> {
  const listener = await listenTcp()
  return socketContext('tcp', tcpSocket({ port: listener.port }), listener)
}

/** The accepted side under test, and the opening side as its peer. */
export async function acceptedContext(entry: Entry): Promise<ClosableContext> {
  const inner = await unixContext(entry)
  const swapped = async (options?: OpenOptions): Promise<ContractPair> => {
    const { near, far } = await inner.pair(options)
    return { near: far, far: near, kill: () => reset(near) }
  }
  return { ...inner, name: 'unix, accepted', pair: swapped }
}

function socketContext(name: string, transport: StreamTransport, listener: Listener, after?: () => void): ClosableContext {
  const meet = meetingPlace(listener)
  return {
    name,
    async pair(options) {
      const { near, far } = await meet(transport, options)
      return { near, far, kill: () => reset(far) }
    },
    held: heldByProcess,
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]()
      after?.()
    },
  }
}

/**
 * Pairs each accepted link with its open by an id that is sent first: opens run at the same time, and an aborted open may have been
 * accepted too. A link that never sends its id ends by itself.
 */
function meetingPlace(
  listener: Listener,
): (transport: StreamTransport, options?: OpenOptions) => Promise<{ near: Link; far: Link }> {
  const waiting = new Map<string, (far: Link) => void>()
  void (async () => {
    for await (const far of listener.accept()) {
      void far.read().then(
        async (word) => {
          if (word === null) await far.close()
          else waiting.get(key(word))?.(far)
        },
        () => far.close(),
      )
    }
  })()
  return async (transport, options) => {
    const near = await transport.open(undefined, options)
    const word = crypto.getRandomValues(new Uint8Array(8))
    const met = new Promise<Link>((resolve) => waiting.set(key(word), resolve))
    await near.write(word)
    const far = await met
    waiting.delete(key(word))
    return { near, far }
  }
}

const key = (word: Uint8Array): string => Array.from(word).join()

/** Closes a socket like a killed process: with unread bytes, which the system turns into a reset if it can. */
async function reset(link: Link): Promise<void> {
  await link.close({ graceMs: 0 })
}

export function memoryContext(): ClosableContext {
  const server = memoryServer()
  return { ...socketContext('memory', server.transport, server), floodBytes: 8 * 1024 * 1024 }
}

/**
 * A child that joins its stdio to a socket of ours: what the test does at that socket, the child does. Its own end of stdio is
 * `processStdio`, so both are under test.
 */
export async function subprocessContext({ listenUnix, subprocess }: Entry, relay: Program): Promise<ClosableContext> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-contract-'))
  const path = join(folder, 'peer.sock')
  const listener = await listenUnix({ path })
  const meet = meetingPlace(listener)
  const transport = subprocess({ command: { file: relay.file, args: [...relay.args, path] } })
  return {
    name: 'subprocess',
    async pair(options) {
      const { near, far } = await meet(transport, options)
      return {
        near,
        far,
        async kill() {
          if (near.info.pid !== undefined) process.kill(near.info.pid, 'SIGKILL')
          await far.close({ graceMs: 0 })
        },
      }
    },
    held: heldByProcess,
    // Each pair starts a whole runtime, and one case starts twenty: this takes minutes on a busy machine.
    caseTimeoutMs: 180_000,
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
