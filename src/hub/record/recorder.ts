/** Records the journal of a hub in CatSyphon: a viewer of the hub, which can run in another process than the hub itself. */
import { inTurn } from '../../core/in-turn.js'
import { sleep, systemClock, type Clock, type Timer } from '../../core/clock.js'
import { createRedactor } from '../../redact.js'
import { keepLease } from '../../store/outbox/keep-lease.js'
import type { HeldLease, Lease } from '../../store/store.js'
import { asHubError, hubError } from '../context.js'
import type { Hub } from '../hub.js'
import type { HubCursor } from '../model/cursor.js'
import { createIntake } from './intake.js'
import type { RecordOptions } from './options.js'
import { createRecords, type Cell, type PositionRecord } from './records.js'
import { createSessions } from './sessions.js'

/** What a recorder has done. */
export interface RecorderStatus {
  /** Everything up to here is recorded. Undefined before the first event. */
  readonly cursor: HubCursor | undefined
  /** Events of CatSyphon that this recorder gave to the outbox. */
  readonly recorded: number
  /** How often the journal had lost events that were not recorded yet. */
  readonly gaps: number
}

/** A recorder that runs. Disposal does the same as `close`. */
export interface Recorder extends AsyncDisposable {
  /** Resolves when the recorder has ended, because it or the hub was closed. Rejects when it cannot go on. */
  readonly done: Promise<void>
  /** How far the recorder is. */
  status(): RecorderStatus
  /**
   * Ends the recorder and stores how far it came. What it recorded is in the outbox. Never rejects.
   *
   * @example
   * ```ts
   * import type { Recorder } from 'signalbox/hub'
   *
   * declare const recorder: Recorder
   * await recorder.close()
   * console.log(recorder.status().recorded)
   * ```
   */
  close(): Promise<void>
}

/** The position is stored at least so often while events come. A crash reads the events since then again and records none twice. */
const SAVE_EVERY_MS = 1000
const LOOK_AGAIN_MS = 100

/**
 * Records every event of the chosen agents in CatSyphon, once: also when this process, the hub or the server dies and starts again. Each
 * session of an agent becomes a session of CatSyphon. Rejects with `conflict` when another recorder of this name uses the store.
 *
 * @example
 * ```ts
 * import type { Catsyphon } from 'signalbox/catsyphon'
 * import { recordHub, type Hub } from 'signalbox/hub'
 * import type { Store } from 'signalbox/store'
 *
 * declare const hub: Hub
 * declare const store: Store
 * declare const catsyphon: Catsyphon
 * await using recorder = await recordHub(hub, { catsyphon, store, agents: (id) => id.startsWith('claude/') })
 * await recorder.done
 * ```
 */
export async function recordHub(hub: Hub, options: RecordOptions): Promise<Recorder> {
  const { store, name = 'recorder', clock = systemClock, redactor = createRedactor(), leaseMs = 15_000 } = options
  const kv = await store.kv(name)
  const lease = await store.lease(name)
  const release = async (): Promise<void> =>
    void (await Promise.allSettled([kv[Symbol.asyncDispose](), lease[Symbol.asyncDispose]()]))
  let held: HeldLease
  let position: Cell<PositionRecord>
  const records = createRecords(kv)
  try {
    held = await take(lease, clock, options.waitMs ?? 0, leaseMs)
    position = (await records.get<PositionRecord>('position')) ?? { value: { v: 1, id: crypto.randomUUID() }, version: null }
    // Stored before the first event: the id is part of the ids of the sessions.
    if (position.version === null) await records.put('position', position)
  } catch (error) {
    await release()
    throw error
  }
  const sessions = createSessions({
    records,
    recorderId: position.value.id,
    redactor,
    openTarget: (id) => options.catsyphon.session(id),
  })
  const report = (what: string, error: unknown): void => {
    try {
      options.onProblem?.({ type: 'problem', what, error: asHubError(error, what) })
    } catch {
      // A listener that fails must not stop the recorder.
    }
  }
  const intake = createIntake({ hub, sessions, options, report, gap: position.value.gap })
  const from = position.value.cursor ?? (options.from === 'now' ? undefined : 'oldest')
  const watch = hub.watch(from === undefined ? {} : { from })

  let cursor = position.value.cursor
  let unsaved = false
  let timer: Timer | undefined
  let closing: Promise<void> | undefined
  let lost = false
  const keeper = keepLease(held, leaseMs, clock, () => {
    lost = true
    void watch.close()
  })
  const serial = inTurn()

  const save = (): Promise<void> =>
    serial(async () => {
      timer?.cancel()
      timer = undefined
      if (!unsaved || !cursor) return
      await sessions.save(cursor.seq)
      const { gap } = intake
      position.value = { ...position.value, cursor, ...(gap === undefined ? {} : { gap }) }
      await records.put('position', position)
      unsaved = false
    })
  const saveSoon = (): void => {
    unsaved = true
    timer ??= clock.after(SAVE_EVERY_MS, () => void save().catch(fail))
  }
  let failure: unknown
  const fail = (error: unknown): void => {
    failure ??= error
    void watch.close()
  }
  const run = async (): Promise<void> => {
    try {
      for await (const batch of watch.batches()) {
        if (keeper.isLost()) throw lostLease()
        await serial(async () => {
          await intake.take(batch)
          cursor = watch.cursor ?? cursor
        })
        saveSoon()
      }
    } catch (error) {
      failure ??= error
    }
    timer?.cancel()
    if (failure === undefined && !lost) await save().catch(fail)
    keeper.stop()
    await held.release().catch(() => {})
    await release()
    if (failure !== undefined) throw failure
    if (lost) throw lostLease()
  }
  const done = run()
  done.catch(() => {})

  const close = (): Promise<void> => {
    closing ??= watch.close().then(() => done.catch(() => {}))
    return closing
  }
  return {
    done,
    status: () => ({ cursor, recorded: intake.recorded, gaps: intake.gaps }),
    close,
    [Symbol.asyncDispose]: close,
  }
}

const lostLease = () =>
  hubError({ code: 'conflict', op: 'record', message: 'The lease of this recorder is lost: another one may write now.' })

async function take(lease: Lease, clock: Clock, waitMs: number, ttlMs: number): Promise<HeldLease> {
  const until = clock.monotonic() + waitMs
  for (;;) {
    const held = await lease.acquire('recorder', { ttlMs })
    if (held) return held
    if (clock.monotonic() >= until) {
      throw hubError({
        code: 'conflict',
        op: 'record',
        message: 'Another recorder uses this store.',
        hint: 'Stop it, give this one another name, or wait for it with waitMs.',
        retryable: true,
      })
    }
    await sleep(clock, LOOK_AGAIN_MS)
  }
}
