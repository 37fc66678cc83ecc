/**
 * A CCC server for tests: its API over any link, compared with recordings of real servers. It simulates the interface, but not
 * tmux, SSH or Telegram.
 */
import type { Link, Listener, StreamTransport } from '../../transport.js'
import { memoryServer } from '../memory-server.js'
import { knows, runCommand, statusOf } from './commands.js'
import { decodeRequest, encodeGo, type Request } from './go-json.js'
import {
  createWorld,
  tmuxOf,
  type CccSimulatorOptions,
  type SimulatedQuestion,
  type SimulatedSession,
  type World,
} from './world.js'

/** Faults of the simulated server. Each function is called once for each request. */
export interface CccFaults {
  /** `before` closes the connection before the request is carried out, `after` afterwards and without an answer. */
  hangUp?: (request: Request) => 'before' | 'after' | undefined
  /** An error text to answer with instead of the real answer. The request is carried out. */
  answerWith?: (request: Request) => string | undefined
}

/** A simulated CCC server. */
export interface CccSimulator extends AsyncDisposable {
  /** Opens links to the simulator in memory. */
  readonly transport: StreamTransport<void>
  /** What really happened. It may differ from the answers that clients got. */
  readonly ledger: World['ledger']
  /** The history on the server's disk. */
  readonly history: World['history']
  /** Assign functions to it to make requests fail. */
  readonly faults: CccFaults
  /** How many connections are open. */
  readonly connections: number
  /**
   * Serves one connection until either side ends it.
   *
   * @example
   * import { createCccSimulator, memoryPair } from 'signalbox/testing'
   *
   * await using simulator = createCccSimulator()
   * const [near, far] = memoryPair()
   * void simulator.serve(far)
   * await near.write(new TextEncoder().encode('{"cmd":"ping"}\n'))
   */
  serve(link: Link): Promise<void>
  /**
   * Serves every link that a listener accepts, such as a unix socket. `stop()` closes the listener.
   *
   * @example
   * import { listenUnix } from 'signalbox/node'
   * import { createCccSimulator } from 'signalbox/testing'
   *
   * await using simulator = createCccSimulator()
   * void simulator.listen(await listenUnix({ path: '/tmp/ccc-test.sock' }))
   */
  listen(listener: Listener): Promise<void>
  /**
   * Adds a session to the configuration, or changes one, as another process does.
   *
   * @example
   * import { createCccSimulator } from 'signalbox/testing'
   *
   * await using simulator = createCccSimulator()
   * simulator.configure({ name: 'myproject' })
   */
  configure(session: SimulatedSession): void
  /**
   * Marks a session as deleted. Its history is kept.
   *
   * @example
   * import { createCccSimulator } from 'signalbox/testing'
   *
   * await using simulator = createCccSimulator({ sessions: [{ name: 'myproject' }] })
   * simulator.remove('myproject')
   */
  remove(name: string): void
  /**
   * Starts tmux and the agent of a session, as a person would.
   *
   * @example
   * import { createCccSimulator } from 'signalbox/testing'
   *
   * await using simulator = createCccSimulator({ sessions: [{ name: 'myproject' }] })
   * simulator.start('myproject')
   */
  start(name: string): void
  /**
   * Types a text at the keyboard of a running session and presses Enter.
   *
   * @example
   * import { createCccSimulator } from 'signalbox/testing'
   *
   * await using simulator = createCccSimulator({ sessions: [{ name: 'myproject', running: true }] })
   * simulator.enter('myproject', 'Which tests fail?')
   */
  enter(name: string, text: string): void
  /**
   * Ends the agent of a session. Its last screen stays, so the server still reports the session as running.
   *
   * @example
   * import { createCccSimulator } from 'signalbox/testing'
   *
   * await using simulator = createCccSimulator({ sessions: [{ name: 'myproject', running: true }] })
   * simulator.crash('myproject')
   */
  crash(name: string): void
  /**
   * Ends the tmux session, and the agent with it.
   *
   * @example
   * import { createCccSimulator } from 'signalbox/testing'
   *
   * await using simulator = createCccSimulator({ sessions: [{ name: 'myproject', running: true }] })
   * simulator.stopSession('myproject')
   */
  stopSession(name: string): void
  /**
   * Makes questions wait for an answer in a session. On the public servers no request does this.
   *
   * @example
   * import { createCccSimulator } from 'signalbox/testing'
   *
   * await using simulator = createCccSimulator({ sessions: [{ name: 'myproject', running: true }] })
   * simulator.askQuestions('myproject', [{ question: 'Deploy?', options: [{ label: 'Yes' }, { label: 'No' }] }])
   */
  askQuestions(session: string, questions: readonly SimulatedQuestion[]): void
  /**
   * Stops the server: every connection and listener is closed, as after SIGTERM.
   *
   * @example
   * import { createCccSimulator } from 'signalbox/testing'
   *
   * const simulator = createCccSimulator()
   * await simulator.stop()
   */
  stop(): Promise<void>
}

const STATUS_EVERY_MS = 5_000

/**
 * Creates a CCC server in memory. Marks in a text steer its agent: `[[reply text]]`, `[[sleep 5]]`, `[[quiet 5]]`, `[[nohook]]`, `[[crash]]`.
 *
 * @example
 * import { createCcc } from 'signalbox/ccc'
 * import { createCccSimulator } from 'signalbox/testing'
 *
 * await using simulator = createCccSimulator({ sessions: [{ name: 'myproject', running: true }], timeScale: 0.001 })
 * await using ccc = createCcc({ transport: simulator.transport })
 * const answer = await ccc.ask({ session: 'myproject', text: 'Which tests fail? [[reply none]]' })
 * console.log(answer.outcome, simulator.ledger)
 */
export function createCccSimulator(options: CccSimulatorOptions = {}): CccSimulator {
  const world = createWorld(options)
  const faults: CccFaults = {}
  const links = new Set<Link>()
  const listeners = new Set<Listener>()
  const memory = memoryServer({ name: 'ccc' })

  const serve = async (link: Link): Promise<void> => {
    links.add(link)
    // The client may be gone. The server does not notice, and goes on with the lines that it has read.
    const reply = (answer: unknown): Promise<void> => link.write(new TextEncoder().encode(`${encodeGo(answer)}\n`)).catch(() => {})
    try {
      for await (const line of linesOf(link)) {
        const request = decodeRequest(line)
        if (!request) {
          await reply({ ok: false, error: 'invalid JSON' })
          continue
        }
        const { cmd } = request
        // Called once for each request, because a fault may count.
        const hangUp = faults.hangUp?.(request)
        if (hangUp === 'before') return
        if (!knows(world, cmd)) await reply({ ok: false, error: 'unknown command' })
        // The server never reads this connection again: later lines are ignored.
        else if (cmd === 'subscribe') return await statuses(request.sessions, reply, link)
        else {
          const answer = await runCommand(world, request)
          if (hangUp === 'after') return
          const error = faults.answerWith?.(request)
          await reply(error === undefined ? answer : { ok: false, error })
        }
      }
    } catch {
      // The client is gone, or the server stops. Requests that have begun have had their effect.
    } finally {
      links.delete(link)
      await link.close()
    }
  }

  /** The set of sessions is frozen: a session that is created later is not in it, and one that is deleted later stays. */
  const statuses = async (asked: readonly string[], reply: (frame: unknown) => Promise<void>, link: Link): Promise<void> => {
    const all = [...world.sessions.values()].filter(({ deleted }) => !deleted)
    const names = asked.length > 0 ? asked : all.map(({ name }) => name)
    const known = [...new Set(names)].flatMap((name) => {
      const session = world.sessions.get(name)
      return session && !session.deleted ? [session] : []
    })
    const last = new Map<string, string>()
    await reply({ event: 'subscribed', ...(names.length > 0 ? { session: names.join(',') } : {}) })
    const gone = link.closed.then(() => 'gone' as const)
    for (;;) {
      if ((await Promise.race([world.wait(STATUS_EVERY_MS), gone])) === 'gone') return
      for (const session of known) {
        const status = statusOf(world, session, 'stopped')
        if (last.get(session.name) === status) continue
        last.set(session.name, status)
        await reply({ event: 'status', session: session.name, status })
      }
    }
  }

  const listen = async (listener: Listener): Promise<void> => {
    listeners.add(listener)
    for await (const link of listener.accept()) void serve(link)
  }
  void listen(memory)

  const session = (name: string) => {
    const found = world.sessions.get(name)
    if (!found) throw new Error(`the simulator has no session ${name}`)
    return found
  }
  const stop = async (): Promise<void> => {
    world.stop()
    // Closing a listener removes the file of its socket.
    await Promise.all([...listeners].map((listener) => listener[Symbol.asyncDispose]()))
    await Promise.all([...links].map((link) => link.close()))
  }

  return {
    transport: memory.transport,
    ledger: world.ledger,
    history: world.history,
    faults,
    get connections() {
      return links.size
    },
    serve,
    listen,
    configure(given) {
      const before = world.sessions.get(given.name)
      const topic = 100 + world.sessions.size + 1
      const fresh = { host: 'local', topic, path: '', deleted: false, running: false, broken: false }
      world.sessions.set(given.name, { ...fresh, ...before, ...given })
    },
    remove: (name) => void world.sessions.set(name, { ...session(name), deleted: true }),
    start: (name) => void world.startPane(session(name)),
    enter(name, text) {
      const pane = world.findPane(tmuxOf(name))
      pane?.type(text)
      pane?.enter()
    },
    crash(name) {
      const pane = world.findPane(tmuxOf(name))
      if (pane) pane.running = false
    },
    stopSession: (name) => world.stopPane(name),
    askQuestions: (name, questions) => {
      const waiting = questions.map((question) => ({ answered: false, answer_index: 0, ...question }))
      world.pending.set(name, { questions: waiting, at: world.seconds() })
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** Yields lines, blank ones too. A last line without a newline is dropped. */
async function* linesOf(link: Link): AsyncGenerator<string, void, void> {
  let pending: Uint8Array[] = []
  for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) {
    let rest = chunk
    for (let at = rest.indexOf(0x0a); at !== -1; at = rest.indexOf(0x0a)) {
      yield textOf([...pending, rest.subarray(0, at)])
      pending = []
      rest = rest.subarray(at + 1)
    }
    if (rest.byteLength > 0) pending.push(rest)
  }
}

function textOf(pieces: readonly Uint8Array[]): string {
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
  return pieces.map((piece) => utf8.decode(piece, { stream: true })).join('') + utf8.decode()
}
