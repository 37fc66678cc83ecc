/** Records what the chosen agents do in CatSyphon. Runs beside the hub or in another program, and continues after a restart. */
import { catsyphonOutbox, createCatsyphon } from 'signalbox/catsyphon'
import { recordHub, type Hub } from 'signalbox/hub'
import type { Store } from 'signalbox/store'
import type { ExchangeTransport } from 'signalbox'

/** Where to record, and as which collector. */
export interface Server {
  readonly transport: ExchangeTransport
  readonly collectorId: string
  readonly apiKey: string
}

/** Records until `signal` aborts. Gives the number of recorded events, and how many of them the server does not have yet. */
export async function record(hub: Hub, store: Store, server: Server, agents: readonly string[], signal: AbortSignal) {
  const onEvent = (event: { readonly type: string }) => event.type === 'halted' && console.error(event)
  await using catsyphon = await createCatsyphon({ ...server, outbox: catsyphonOutbox({ store }), onEvent })
  await using recorder = await recordHub(hub, { catsyphon, store, agents, history: true })
  signal.addEventListener('abort', () => void recorder.close(), { once: true })
  await recorder.done
  const { pending } = await catsyphon.flush({ timeoutMs: 10_000 })
  return { recorded: recorder.status().recorded, pending }
}
