/** The state of a simulated server: sessions, panes, history, time. */
import { systemClock, type Clock } from '../../core/clock.js'
import { createPane, type Pane } from './agent.js'
import { createHistory, type Entry, type History } from './history.js'

/** The four public generations that were measured; see docs/ccc.md. */
export type CccGeneration = 'january' | 'february' | '1.12.5' | '1.13.3'

/** A session of the simulated server. */
export interface SimulatedSession {
  /** Exact name, with the prefix of its host. */
  readonly name: string
  /** `local`, or an alias. Default `local`. */
  readonly host?: string
  /** The Telegram topic that has the history; 0 means no history. Default: a new topic for each session. */
  readonly topic?: number
  /** Path of the project. */
  readonly path?: string
  /** Marked as deleted in the configuration. */
  readonly deleted?: boolean
  /** Running from the start. Default false. */
  readonly running?: boolean
  /** True: the agent of this session cannot be started. Default false. */
  readonly broken?: boolean
}

/** How a remote host answers. `client` pushes answers back, `plain` has them fetched, `fails` gives this error. */
export type SimulatedHost = 'unconfigured' | 'client' | 'plain' | { readonly fails: string; readonly afterMs: number }

/** A question that waits for an answer. */
export interface SimulatedQuestion {
  /** The text of the question. */
  readonly question: string
  /** A short title. */
  readonly header?: string
  /** The options in their order. */
  readonly options: readonly { readonly label: string; readonly description?: string }[]
  /** Reported to clients as it is. The real server accepts one option only, whatever this says. */
  readonly multi_select?: boolean
  /** True: the question is answered already, with the option at `answer_index`. Default false. */
  readonly answered?: boolean
  /** The index of the chosen option, for a question with `answered`. Default 0. */
  readonly answer_index?: number
}

/** Options of `createCccSimulator`. */
export interface CccSimulatorOptions {
  /** The generation of the server. Default `1.12.5`. */
  readonly generation?: CccGeneration
  /** The configured sessions. Default: none. */
  readonly sessions?: readonly SimulatedSession[]
  /** How remote hosts answer, by alias. Default: no remote host. */
  readonly hosts?: Readonly<Record<string, SimulatedHost>>
  /** Milliseconds that Telegram takes for each message. Default 0. */
  readonly telegramMs?: number
  /** Pass a fake clock to let time pass in a test. Default: the system's clock. */
  readonly clock?: Clock
  /** Factor for all delays of the server: with 0.001 a second takes a millisecond. Default 1. */
  readonly timeScale?: number
  /** Gives a prompt the marks that decide its answer. Undefined: the marks of the prompt itself count. */
  readonly script?: (prompt: string) => string | undefined
  /** The uptime that the server reports at first, in seconds. Default 1. */
  readonly uptimeSeconds?: number
}

/** Something that happened on the simulated server. */
export interface LedgerEntry {
  /** `stored` in the history, `typed` into a prompt, `shell`: run by a login shell, `answered` by the agent, `continued`: restarted. */
  readonly effect: 'stored' | 'typed' | 'shell' | 'answered' | 'continued'
  /** Name of the session. */
  readonly session: string
  /** The text that was stored, typed or answered. */
  readonly text: string
  /** The author of the request, or `claude`. */
  readonly from: string
  /** Id of the history entry. */
  readonly id?: number
}

interface Pending {
  readonly questions: readonly (SimulatedQuestion & { answered: boolean; answer_index: number })[]
  readonly at: number
}

export interface World {
  readonly generation: CccGeneration
  readonly clock: Clock
  readonly history: History
  /** What really happened. It may differ from the answers that clients got. */
  readonly ledger: LedgerEntry[]
  readonly sessions: Map<string, Required<SimulatedSession>>
  readonly pending: Map<string, Pending>
  telegramMs: number
  nextId(): number
  uptimeSeconds(): number
  host(name: string): SimulatedHost
  /** Waits in the server's time; rejects when the server stops. */
  wait(ms: number): Promise<void>
  seconds(): number
  /** The pane that tmux finds: the exact name, or else the first name that begins with it. */
  findPane(tmux: string): Pane | undefined
  startPane(session: Required<SimulatedSession>): Pane
  stopPane(name: string): void
  store(session: Required<SimulatedSession>, entry: Omit<Entry, 'ts'>): void
  stop(): void
}

/** `ask`, `send`, `continue` and `screenshot` use only the last component of a name, without its host. */
export function tmuxOf(name: string): string {
  const local = name.slice(name.indexOf(':') + 1)
  return `claude-${local.slice(local.lastIndexOf('/') + 1)}`
}

const REMOTE_FETCH_MS = 15_000
/** The prompt hook stores a prompt again, as a person's, if it was sent longer ago than this. */
const SENT_LATELY_SECONDS = 10

/** Long because its methods share the sessions of one simulated server. */
export function createWorld(options: CccSimulatorOptions): World {
  const { generation = '1.12.5', clock = systemClock, timeScale = 1, hosts = {}, uptimeSeconds = 1 } = options
  const scale = (ms: number): number => ms * timeScale
  // Times and durations are those of a real server, whatever the scale.
  const startedAt = clock.monotonic()
  const startedNow = clock.now()
  const elapsed = (): number => (timeScale === 0 ? 0 : (clock.monotonic() - startedAt) / timeScale)
  const now = (): number => startedNow + elapsed()
  const history = createHistory(now)
  const waiting = new Set<() => void>()
  let stopped = false
  const sessions = new Map<string, Required<SimulatedSession>>()
  const panes = new Map<string, Pane>()
  const ledger: LedgerEntry[] = []
  let lastId = 0
  let initialised = false

  const world: World = {
    generation,
    clock,
    history,
    ledger,
    sessions,
    pending: new Map(),
    telegramMs: options.telegramMs ?? 0,
    nextId() {
      // Read from disk when the daemon starts, which is before the first request; the oldest servers begin at 1 again.
      if (!initialised && generation !== 'january') lastId = history.largestId()
      initialised = true
      lastId += 1
      return lastId
    },
    uptimeSeconds: () => uptimeSeconds + Math.floor(elapsed() / 1000),
    host: (name) => hosts[name] ?? 'unconfigured',
    wait(ms) {
      // One listener for each wait on one signal would make runtimes warn of a leak.
      return new Promise((resolve, reject) => {
        if (stopped) return reject(new Error('the server stopped'))
        const timer = clock.after(scale(ms), () => {
          waiting.delete(end)
          resolve()
        })
        const end = (): void => {
          timer.cancel()
          reject(new Error('the server stopped'))
        }
        waiting.add(end)
      })
    },
    seconds: () => Math.floor(now() / 1000),
    findPane(tmux) {
      const exact = panes.get(tmux)
      if (exact) return exact
      return [...panes].find(([name]) => name.startsWith(tmux))?.[1]
    },
    startPane(session) {
      const tmux = tmuxOf(session.name)
      panes.get(tmux)?.kill()
      const pane = createPane({
        clock,
        scale,
        onAnswer: (text) => answered(session, text),
        onPrompt: (text) => prompted(session, text),
        script: (text) => options.script?.(text) ?? text,
        onShell: (text) => ledger.push({ effect: 'shell', session: session.name, text, from: '' }),
      })
      pane.running = !session.broken
      panes.set(tmux, pane)
      return pane
    },
    stopPane(name) {
      panes.get(tmuxOf(name))?.kill()
      panes.delete(tmuxOf(name))
    },
    store(session, entry) {
      history.append(session.topic, { ...entry, ts: world.seconds() })
      ledger.push({ effect: 'stored', session: session.name, text: entry.text ?? '', from: entry.from, id: entry.id })
    },
    stop() {
      stopped = true
      for (const end of waiting) end()
      waiting.clear()
      for (const pane of panes.values()) pane.kill()
    },
  }

  /** An answer that a helper process writes has the id 1. The daemon counts. */
  const answered = (session: Required<SimulatedSession>, text: string): void => {
    const { name, host, topic } = session
    const append = (id: number): void => {
      history.append(topic, { id, ts: world.seconds(), from: 'claude', text })
      ledger.push({ effect: 'answered', session: name, text, from: 'claude', id })
    }
    if (host === 'local') append(1)
    else if (world.host(host) === 'client') {
      const last = history.read(topic).findLast(({ from }) => from === 'claude')
      // The same answer twice is taken for a duplicate and dropped.
      if (last?.text !== text) append(generation === '1.13.3' ? history.largestId() + 1 : 1)
    } else {
      world.wait(REMOTE_FETCH_MS).then(
        () => append(world.nextId()),
        () => {},
      )
    }
  }

  const prompted = (session: Required<SimulatedSession>, text: string): void => {
    const ts = world.seconds()
    const known = history
      .read(session.topic)
      .some((entry) => entry.from === 'api' && entry.text === text && ts - entry.ts <= SENT_LATELY_SECONDS)
    if (!known) history.append(session.topic, { id: 1, ts, from: 'human', text, username: 'terminal' })
  }

  let topic = 100
  for (const given of options.sessions ?? []) {
    topic += 1
    const session = { host: 'local', topic, path: '', deleted: false, running: false, broken: false, ...given }
    sessions.set(given.name, session)
    if (session.running) world.startPane(session)
  }
  return world
}
