/** Which sources this hub drives: its own whenever their leases are free, and as a stand-in those that no hub can reach. */
import { deferred } from '../../core/deferred.js'
import { hubError, isoTime } from '../context.js'
import { sourceName } from '../engine.js'
import { prepareSource, type PreparedSource } from './prepared-source.js'
import { driveSource, type Drive, type DriveParts } from './drive-source.js'
import type { Presence } from './presence.js'
import { standInSource } from './stand-in.js'
import type { Signal } from './records.js'

export interface Slots {
  /** The drive of a source, if this hub drives it. */
  get(source: string): Drive | undefined
  all(): readonly (readonly [source: string, drive: Drive])[]
  /** Tries once to drive each source of this hub, and from then on whenever a lease may be free. */
  start(): Promise<void>
  /** The lease of the source may be free. */
  wake(source: string): void
  /** Another hub can reach the source: a stand-in of this hub gives it up. */
  yieldTo(source: string): void
  /** Stands in for sources that no hub drives. */
  standIn(): void
  stop(): Promise<void>
}

export interface SlotsOptions {
  readonly parts: DriveParts
  readonly sources: readonly PreparedSource[]
  readonly presence: Presence
  readonly notify: (signal: Signal) => Promise<void>
  /** A drive has begun. */
  readonly onDrive: (source: string, drive: Drive) => void
}

export function createSlots({ parts, sources, presence, notify, onDrive }: SlotsOptions): Slots {
  const { clock, ttlMs, journal, drives: table, report } = parts
  const drives = new Map<string, Drive>()
  const own = new Set(sources.map(({ name }) => name))
  const wakes = new Map<string, () => void>()
  const attempting = new Set<string>()
  let stopped = false

  const begin = (source: string, drive: Drive): void => {
    drives.set(source, drive)
    void drive.over.then(() => void drives.delete(source))
    onDrive(source, drive)
  }
  /** Waits until the lease may be free. */
  const pause = async (source: string): Promise<void> => {
    const { promise, resolve } = deferred()
    const timer = clock.after(Math.ceil(ttlMs / 4), resolve)
    wakes.set(source, resolve)
    await promise
    timer.cancel()
    wakes.delete(source)
  }
  const contend = async (prepared: PreparedSource, tried: () => void): Promise<void> => {
    const { name } = prepared
    while (!stopped) {
      try {
        // If this hub stands in for the source, the stand-in ends first.
        await drives.get(name)?.stop()
        const drive = await driveSource(parts, prepared)
        if (drive) {
          begin(name, drive)
          tried()
          await drive.over
        } else if ((await table.get(name))?.record.standIn) await notify({ kind: 'want', source: name })
      } catch (error) {
        report(`driving the source ${name}`, error)
      }
      tried()
      if (prepared.spent) {
        const message = `The source ${name} was given as an object, so it can be opened only once.`
        report('driving a source again', hubError({ code: 'unsupported', message, hint: 'Pass a function that makes the source.' }))
        return
      }
      if (!stopped) await pause(name)
    }
  }
  const attempt = async (name: string): Promise<void> => {
    const agents = [...journal.view.agents.values()].filter(({ id }) => sourceName(id) === name)
    if (agents.length === 0) return
    const driver = presence.lastDriver(name) ?? (await table.get(name))?.record.name
    const reason = driver === undefined ? 'No hub can reach the agent.' : `The hub ${driver}, which reaches the agent, is gone.`
    const evidence = { from: 'derived', at: isoTime(clock) } as const
    const drive = await driveSource(parts, prepareSource(standInSource(name, agents, reason, evidence)), reason)
    if (drive && stopped) await drive.stop()
    else if (drive) begin(name, drive)
  }

  return {
    get: (source) => drives.get(source),
    all: () => [...drives],
    async start() {
      await Promise.all(sources.map((source) => new Promise<void>((tried) => void contend(source, tried))))
    },
    wake: (source) => wakes.get(source)?.(),
    yieldTo(source) {
      const drive = drives.get(source)
      if (!drive?.standIn) return
      void drive.stop().then(() => notify({ kind: 'free', hub: parts.hub, sources: [source] }).catch(() => {}))
    },
    standIn() {
      const otherSources = new Set([...journal.view.agents.keys()].map(sourceName).filter((name) => !own.has(name)))
      for (const name of presence.orphans(otherSources)) {
        if (attempting.has(name) || drives.has(name)) continue
        attempting.add(name)
        attempt(name)
          .catch((error) => report(`standing in for the source ${name}`, error))
          .finally(() => attempting.delete(name))
      }
    },
    async stop() {
      stopped = true
      for (const wake of wakes.values()) wake()
      await Promise.all([...drives.values()].map((drive) => drive.stop()))
    },
  }
}
