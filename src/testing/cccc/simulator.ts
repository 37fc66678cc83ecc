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

/** Options of `createCcccSimulator`. */
export interface CcccSimulatorOptions {
  /** The protocol generation of the daemon. Default `B`. */
  readonly dialect?: CcccDialect
  /** The clock of timestamps, timeouts and heartbeats. Default: the system's clock. */
  readonly clock?: Clock
  /** Ops that this daemon does not have. Without `events_stream`, a client must poll. */
  readonly without?: readonly string[]
}

/** Faults of the simulated daemon. A test sets the fields; they apply from then on. */
export interface CcccFaults {
  /** By op: how many of the next requests are performed but get no answer, because the connection closes. */
  loseAnswers: Record<string, number>
  /** Milliseconds before each answer. */
  answerAfterMs: number
  /** Milliseconds between a stream's handshake and its subscription. */
  subscribeAfterMs: number
  /** True: streams send no events and no heartbeats, and do not end. */
  silent: boolean
  /** Answers are written in pieces of this many bytes. 0 writes them whole. */
  pieceBytes: number
}

/** A simulated CCCC daemon. */
export interface CcccSimulator extends AsyncDisposable {
  /** Opens links to the simulator in memory. */
  readonly transport: StreamTransport
  /**
   * Serves one connection. Resolves when the connection has ended.
   *
   * @example
   * import { createCcccSimulator, memoryPair } from 'signalbox/testing'
   *
   * const simulator = createCcccSimulator()
   * const [near, far] = memoryPair()
   * void simulator.serve(far)
   * await near.write(new TextEncoder().encode('{"v":1,"op":"ping","args":{}}\n'))
   */
  serve(link: Link): Promise<void>
  /**
   * Serves every link that a listener accepts, such as a unix socket. Resolves when the listener is disposed.
   *
   * @example
   * import { listenTcp } from 'signalbox/node'
   * import { createCcccSimulator } from 'signalbox/testing'
   *
   * await using simulator = createCcccSimulator()
   * await using listener = await listenTcp()
   * void simulator.listen(listener)
   */
  listen(listener: Listener): Promise<void>
  /** The faults of the daemon. Set a field to make requests fail; at first no fault is set. */
  readonly faults: CcccFaults
  /** Every request in order, and the numbers of connections, of connections without a request (`bare`) and with an invalid one. */
  readonly ledger: { readonly requests: Request[]; bare: number; invalid: number; connections: number }
  /**
   * Every event of a group, as the daemon stored it. Throws if there is no such group.
   *
   * @example
   * import { createCcccSimulator } from 'signalbox/testing'
   *
   * const simulator = createCcccSimulator()
   * declare const groupId: string // from `cccc.groups.create`
   * console.log(simulator.events(groupId).map(({ kind }) => kind))
   */
  events(groupId: string): readonly CcccEvent[]
  /**
   * Stores an event in a group as the daemon itself does, and streams it to the subscribers. Returns the stored event.
   *
   * @example
   * import { createCcccSimulator } from 'signalbox/testing'
   *
   * const simulator = createCcccSimulator()
   * declare const groupId: string // from `cccc.groups.create`
   * simulator.append(groupId, { kind: 'chat.message', by: 'peer-1', data: { text: 'done', to: ['user'] } })
   */
  append(groupId: string, event: { kind: string; by?: string; data: Loose }): CcccEvent
  /**
   * Streams an event that is not stored, such as `actor.activity`.
   *
   * @example
   * import { createCcccSimulator } from 'signalbox/testing'
   *
   * const simulator = createCcccSimulator()
   * declare const groupId: string // from `cccc.groups.create`
   * simulator.announce(groupId, { kind: 'actor.activity', data: { actors: [] } })
   */
  announce(groupId: string, event: { kind: string; data: Loose }): void
  /**
   * Writes this text into every open stream, for example a line that is cut in the middle.
   *
   * @example
   * import { createCcccSimulator } from 'signalbox/testing'
   *
   * const simulator = createCcccSimulator()
   * simulator.raw('{"v":1,"t":"eve')
   */
  raw(text: string): void
  /**
   * Ends every connection without an answer and refuses new ones. The stored state is kept for `restart`.
   *
   * @example
   * import { createCcccSimulator } from 'signalbox/testing'
   *
   * const simulator = createCcccSimulator()
   * simulator.kill()
   * console.log(simulator.alive) // false
   */
  kill(): void
  /**
   * Starts a new process, with another process id, on the same state. A dialect changes the generation of the daemon, as an update
   * does.
   *
   * @example
   * import { createCcccSimulator } from 'signalbox/testing'
   *
   * const simulator = createCcccSimulator({ dialect: 'B' })
   * simulator.kill()
   * simulator.restart('C')
   */
  restart(dialect?: CcccDialect): void
  /** False after `kill`, until `restart`. */
  readonly alive: boolean
  /** The protocol generation of the process that runs now. */
  readonly dialect: CcccDialect
  /** The process id that `ping` answers with. `restart` changes it. */
  pid: number
  /** How many streams are open. */
  readonly subscribers: number
}

/**
 * Creates a CCCC daemon in memory.
 *
 * Long because its connections share one simulated daemon.
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
