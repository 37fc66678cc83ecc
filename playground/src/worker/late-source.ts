/** A source whose code and simulator are loaded after the hub has started, so that the first agents are there sooner. */
import { SignalboxError } from 'signalbox'
import type { Source, SourceEvent, SourceSink } from 'signalbox/hub'

/** The optional methods of the real source. The hub checks them beside the capabilities of the agents. */
type Method = 'cancel' | 'answer' | 'expire' | 'resolve' | 'history' | 'sessions' | 'openSession' | 'closeSession' | 'receiptFor'

/** Opens without agents at once, loads the real source meanwhile, and then announces its agents by events. */
export function lateSource(name: string, system: string, methods: readonly Method[], load: () => Promise<Source>): Source {
  let real: Promise<Source> | undefined
  let loaded: Source | undefined
  const source = (): Promise<Source> => real ?? Promise.reject(new Error(`The source ${name} is not open.`))
  const all: Required<Pick<Source, Exclude<Method, 'receiptFor'>>> = {
    cancel: async (turn) => (await source()).cancel?.(turn),
    answer: async (...given) => {
      const delivery = await (await source()).answer?.(...given)
      return delivery ?? { delivered: 'maybe' }
    },
    expire: async (...given) => (await source()).expire?.(...given),
    resolve: async (prompt) => (await (await source()).resolve?.(prompt)) ?? { outcome: 'unknown' },
    history: async (...given) => (await (await source()).history?.(...given)) ?? { events: [], complete: false },
    sessions: async (...given) => (await (await source()).sessions?.(...given)) ?? [],
    async openSession(...given) {
      const made = await (await source()).openSession?.(...given)
      if (made) return made
      throw new SignalboxError({ code: 'unsupported', message: `The source ${name} opens no sessions.`, sent: 'no' })
    },
    closeSession: async (...given) => (await source()).closeSession?.(...given),
  }
  const own = Object.fromEntries(Object.entries(all).filter(([method]) => methods.includes(method as Method)))
  return {
    name,
    system,
    async open(sink) {
      real = load().then(async (made) => {
        await openInto(made, sink)
        loaded = made
        return made
      })
      real.catch(() => {})
      return []
    },
    // No agent of this source is known before it is loaded, so no prompt comes before.
    ...(methods.includes('receiptFor') ? { receiptFor: (prompt) => loaded?.receiptFor?.(prompt) } : {}),
    prompt: async (prompt) => (await source()).prompt?.(prompt),
    ...own,
    async [Symbol.asyncDispose]() {
      await (await real?.catch(() => undefined))?.[Symbol.asyncDispose]()
    },
  }
}

/** Opens a source. Its agents are announced before any other event that it pushes meanwhile. */
async function openInto(source: Source, sink: SourceSink): Promise<void> {
  const held: SourceEvent[] = []
  let opening = true
  const agents = await source.open({ push: (event) => void (opening ? held.push(event) : sink.push(event)) })
  opening = false
  for (const agentNow of agents) {
    if (held.some((event) => event.kind === 'agent' && event.agent === agentNow.id)) continue
    const epoch = held.find(({ agent }) => agent === agentNow.id)?.epoch ?? crypto.randomUUID()
    sink.push({ kind: 'agent', change: 'present', agentNow, agent: agentNow.id, epoch })
  }
  for (const event of held) sink.push(event)
}
