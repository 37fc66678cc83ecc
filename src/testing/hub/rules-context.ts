/** Helpers of the cases of `hubRules`. */
import type { Hub, WatchOptions } from '../../hub/hub.js'
import type { HubEvent, HubEventOf } from '../../hub/model/event.js'
import type { HubOptions } from '../../hub/options.js'
import type { Store } from '../../store/store.js'
import { CheckFailed } from '../case.js'
import type { ScriptedTurn } from './scripted-system.js'

/** The options of `hubRules`. */
export interface HubRulesContext {
  /** An empty store for this case alone. */
  readonly store: Store
  /** Opens another empty store. */
  freshStore(): Promise<Store>
  /** `createHub`, or another way to the same interface, such as a hub over a link. */
  openHub(options: HubOptions): Promise<Hub>
}

/** A viewer that collects its events. */
export interface Viewer extends AsyncDisposable {
  readonly events: readonly HubEvent[]
  /** Resolves with the first event that fits, also an earlier one. */
  until(fits: (event: HubEvent) => boolean): Promise<HubEvent>
  readonly cursor: ReturnType<Hub['watch']>['cursor']
}

const PATIENCE_MS = 20_000

/** Watches in the background. */
export function view(hub: Hub, options: WatchOptions = {}): Viewer {
  const stream = hub.watch(options)
  const events: HubEvent[] = []
  let tell = (): void => {}
  const reading = (async () => {
    for await (const event of stream) {
      events.push(event)
      tell()
    }
  })()
  reading.catch(() => {})
  return {
    events,
    async until(fits) {
      const found = (): HubEvent | undefined => events.find(fits)
      const deadline = Date.now() + PATIENCE_MS
      for (let event = found(); ; event = found()) {
        if (event) return event
        const left = deadline - Date.now()
        if (left <= 0) throw new CheckFailed(`The event did not come. Seen: ${JSON.stringify(events.slice(-8))}`)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left)
          tell = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
    },
    get cursor() {
      return stream.cursor
    },
    async [Symbol.asyncDispose]() {
      await stream.close()
      await reading.catch(() => {})
    },
  }
}

/** A test for one kind of event. */
export const isKind =
  <Kind extends HubEvent['kind']>(kind: Kind, fields: Partial<HubEventOf<Kind>> = {}) =>
  (event: HubEvent): boolean =>
    event.kind === kind &&
    Object.entries(fields).every(([key, value]) => (event as unknown as Record<string, unknown>)[key] === value)

/** All events of the journal. */
export async function journalOf(hub: Hub): Promise<HubEvent[]> {
  const out: HubEvent[] = []
  const last = await lastSeq(hub)
  if (last === 0) return out
  for await (const event of hub.watch({ from: 'oldest' })) {
    out.push(event)
    if (event.seq >= last) break
  }
  return out
}

/** The newest position, taken from a snapshot. */
async function lastSeq(hub: Hub): Promise<number> {
  for await (const event of hub.watch()) return event.seq
  return 0
}

/** All data of a hub in a store, as one text. */
export async function storedText(store: Store): Promise<string> {
  const decoder = new TextDecoder()
  const parts: string[] = []
  await using log = await store.log('hub')
  for (const { bytes } of (await log.read(0, { maxEntries: 100_000, maxBytes: 1e9 })).entries) parts.push(decoder.decode(bytes))
  for (const name of ['hub', 'hub-turns', 'hub-asks']) {
    await using kv = await store.kv(name)
    for (const key of await kv.list()) parts.push(decoder.decode((await kv.get(key))?.bytes ?? new Uint8Array()))
  }
  return parts.join('\n')
}

/** Resolves when the test is true. */
export async function eventually(test: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  while (!(await test())) {
    if (Date.now() > deadline) throw new CheckFailed(`It did not come to this: ${what}`)
    await new Promise<void>((resolve) => void setTimeout(resolve, 5))
  }
}

/** A script whose turns end when the test says so. */
export function held() {
  const turns: ScriptedTurn[] = []
  return { turns, script: (turn: ScriptedTurn) => void turns.push(turn) }
}
