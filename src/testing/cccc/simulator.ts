/**
 * Simulates the interface of a CCCC daemon: framing, lifecycle, ops, streams. It serves links, so the same simulator runs in memory, on a
 * socket and in a page. It keeps a ledger of every request, and its faults can be set. Tests compare it with recordings of real daemons.
 */
import { systemClock, type Clock } from '../../core/clock.js'
import { encodeNdjson } from '../../core/codec/ndjson.js'
import { SignalboxError } from '../../errors.js'
import type { CcccDialect, CcccEvent, Loose } from '../../cccc/shapes.js'
import type { Link, Listener, StreamTransport } from '../../transport.js'
import { memoryServer } from '../memory-server.js'
import { FACTS } from './dialect.js'
import { parseRequest, readRequest, type Request } from './framing.js'
import { knownOps, perform, ping } from './ops.js'
import { serveStream, subscriptionOf, type OpenStream } from './stream.js'
import { createTerminals } from './terminal.js'
import { createWorld, SimRefusal, type World } from './world.js'

/** Which daemon. */
export interface CcccSimulatorOptions {
  readonly dialect?: CcccDialect
  readonly clock?: Clock
  /** Ops that this daemon does not have; `events_stream` makes one that must be polled. */
  readonly without?: readonly string[]
}

/** What goes wrong. */
export interface CcccFaults {
  /** Performs an op and closes the connection without an answer, so many times. */
  loseAnswers: Record<string, number>
  /** Milliseconds before each answer. */
  answerAfterMs: number
  /** Milliseconds between a stream's handshake and its subscription. */
  subscribeAfterMs: number
  /** Streams fall silent: no events, no heartbeats, no end. */
  silent: boolean
  /** Answers in pieces of this many bytes. */
  pieceBytes: number
}

/** A simulated CCCC daemon. */
export interface CcccSimulator extends AsyncDisposable {
  /** Opens links to the simulator in memory. */
  readonly transport: StreamTransport
  /** Serves one connection; resolves when it is over. */
  serve(link: Link): Promise<void>
  /** Serves every link of a listener, until the listener is disposed. */
  listen(listener: Listener): Promise<void>
  readonly faults: CcccFaults
  /** Every request, in order; and the number of connections without a valid one. */
  readonly ledger: { readonly requests: Request[]; bare: number; invalid: number; connections: number }
  /** Every event of a group, as the daemon stored it. */
  events(groupId: string): readonly CcccEvent[]
  /** Appends an event from the daemon's own side. */
  append(groupId: string, event: { kind: string; by?: string; data: Loose }): CcccEvent
  /** Streams an event that is not in the ledger, such as `actor.activity`. */
  announce(groupId: string, event: { kind: string; data: Loose }): void
  /** Writes this text into every open stream, as a daemon that breaks a line would. */
  raw(text: string): void
  /** Ends every connection without an answer and refuses new ones; the state stays on disk. */
  kill(): void
  /** Starts a new process, with another process id, on the same state. */
  restart(dialect?: CcccDialect): void
  readonly alive: boolean
  readonly dialect: CcccDialect
  /** The process id in its answer to `ping`. */
  pid: number
  /** Open streams. */
  readonly subscribers: number
}

/**
 * Creates a CCCC daemon in memory.
 *
 * @example
 * import { createCccc } from 'signalbox/cccc'
 * import { createCcccSimulator } from 'signalbox/testing'
 *
 * await using simulator = createCcccSimulator()
 * await using cccc = createCccc({ transport: simulator.transport })
 * await cccc.groups.create({ title: 'Release' })
 * console.log((await cccc.groups.list()).groups.length)
 */
export function createCcccSimulator(options: CcccSimulatorOptions = {}): CcccSimulator {
  const { clock = systemClock, without = [] } = options
  let world: World = createWorld(options.dialect ?? 'B', clock)
  let known = knownOps(world.dialect, without)
  let terminals = createTerminals()
  let alive = true
  let pid = 4711
  const links = new Set<Link>()
  const streams = new Set<OpenStream>()
  const server = memoryServer({ name: 'cccc' })
  const ledger: CcccSimulator['ledger'] = { requests: [], bare: 0, invalid: 0, connections: 0 }
  const faults: CcccFaults = { loseAnswers: {}, answerAfterMs: 0, subscribeAfterMs: 0, silent: false, pieceBytes: 0 }
  // Dialect A reads one connection after the other, and waits for ever for a silent one.
  let turn: Promise<void> = Promise.resolve()

  const kill = (): void => {
    alive = false
    for (const { stop } of [...streams]) stop()
    for (const link of [...links]) void link.close()
  }

  const answer = async (link: Link, message: Loose): Promise<void> => {
    const bytes = encodeNdjson(message)
    const size = faults.pieceBytes > 0 ? faults.pieceBytes : bytes.byteLength
    for (let at = 0; at < bytes.byteLength; at += size) await link.write(bytes.slice(at, at + size))
  }
  const refusal = ({ code, message, details }: SimRefusal): Loose => ({
    v: 1,
    ok: false,
    result: {},
    error: { code, message, details },
  })

  /** Reads the request of a connection; undefined when there is none. */
  const receive = async (link: Link): Promise<Request | undefined> => {
    const { fragile, readTimeoutMs } = FACTS[world.dialect]
    const arrival = await readRequest(link, clock, readTimeoutMs)
    if (arrival.kind !== 'line') {
      ledger.bare += 1
      if (arrival.kind === 'gone' && fragile) kill()
      return undefined
    }
    try {
      return parseRequest(arrival.line)
    } catch (error) {
      ledger.invalid += 1
      const told = await answer(link, refusal(error as SimRefusal)).then(
        () => true,
        () => false,
      )
      if (!told && fragile) kill()
      return undefined
    }
  }

  const act = async (link: Link, { op, args }: Request): Promise<void> => {
    if (op === 'events_stream' && known.has(op)) {
      const subscription = subscriptionOf(world, args)
      let opened: OpenStream | undefined
      try {
        await serveStream(
          world,
          link,
          args,
          subscription,
          () => faults,
          (stream) => {
            opened = stream
            streams.add(stream)
          },
        )
      } finally {
        if (opened) streams.delete(opened)
      }
      return
    }
    if (op === 'term_attach') return terminals.attach(world, link, args)
    const expected = args.expected_pid
    if (op === 'shutdown' && world.dialect === 'C' && typeof expected === 'number' && expected !== pid) {
      const message = `shutdown expected daemon pid ${expected}, but connected daemon pid is ${pid}`
      throw new SimRefusal('daemon_owner_mismatch', message)
    }
    const result = op === 'term_resize' ? terminals.resize(world, args) : op === 'ping' ? ping(world, pid) : undefined
    const done = result ?? (op === 'shutdown' ? { message: 'shutting down' } : perform(world, known, op, args))
    if (faults.answerAfterMs > 0) await new Promise<void>((resolve) => void clock.after(faults.answerAfterMs, resolve))
    const lost = faults.loseAnswers[op] ?? 0
    if (lost > 0) faults.loseAnswers[op] = lost - 1
    else await answer(link, { v: 1, ok: true, result: done, error: null })
    if (op === 'shutdown') kill()
  }

  const serve = async (link: Link): Promise<void> => {
    if (!alive) {
      await link.close()
      return
    }
    ledger.connections += 1
    links.add(link)
    try {
      const mine = turn.then(() => (alive ? receive(link) : undefined))
      turn = mine.then(
        () => {},
        () => {},
      )
      const request = await mine
      if (!request) return
      ledger.requests.push(request)
      await act(link, request).catch((error: unknown) => {
        if (error instanceof SimRefusal) return answer(link, refusal(error))
        throw error
      })
    } catch (error) {
      // The client left before the answer. The request was performed all the same.
      if (!SignalboxError.is(error)) throw error
    } finally {
      links.delete(link)
      await link.end().catch(() => {})
      await link.close()
    }
  }

  const listen = async (listener: Listener): Promise<void> => {
    for await (const link of listener.accept()) void serve(link)
  }
  void listen(server)

  const groupOf = (groupId: string) => world.group({ group_id: groupId })

  return {
    transport: {
      kind: 'stream',
      name: 'memory',
      async open(launch, open) {
        if (alive) return server.transport.open(launch, open)
        throw new SignalboxError({
          code: 'unreachable',
          message: 'The simulated daemon is not running.',
          transport: 'memory',
          sent: 'no',
        })
      },
    },
    serve,
    listen,
    faults,
    ledger,
    events: (groupId) => groupOf(groupId).ledger,
    append: (groupId, { kind, by = 'system', data }) => world.append(groupOf(groupId), { kind, by, data }),
    announce(groupId, { kind, data }) {
      // Like a real one: no version, no scope, and a time in whole seconds.
      world.announce({ id: world.hex(32), ts: `${world.now().slice(0, 19)}Z`, kind, group_id: groupId, by: 'system', data })
    },
    raw(text) {
      for (const stream of streams) stream.raw(text)
    },
    kill,
    restart(dialect = world.dialect) {
      kill()
      const { groups, profiles } = world
      world = createWorld(dialect, clock)
      for (const [id, group] of groups) world.groups.set(id, group)
      for (const [id, profile] of profiles) world.profiles.set(id, profile)
      known = knownOps(dialect, without)
      terminals = createTerminals()
      turn = Promise.resolve()
      pid += 1
      alive = true
    },
    get alive() {
      return alive
    },
    get dialect() {
      return world.dialect
    },
    get pid() {
      return pid
    },
    set pid(value) {
      pid = value
    },
    get subscribers() {
      return streams.size
    },
    async [Symbol.asyncDispose]() {
      kill()
      await server[Symbol.asyncDispose]()
    },
  }
}
