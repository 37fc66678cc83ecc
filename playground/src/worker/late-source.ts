/** A source whose code and simulator are loaded after the hub has started, so that the first agents are there sooner. */
import type { Source } from 'signalbox/hub'

/** The optional methods that the real source has. Its agents tell what they can do; the hub looks at these methods too. */
type Method = 'cancel' | 'answer' | 'expire' | 'resolve' | 'history' | 'sessions' | 'receiptFor'

/**
 * Opens without agents at once, and loads the real source meanwhile. The real source must announce its agents by events, as the sources of
 * CCC, CCCC and CMDOP do.
 */
export function lateSource(name: string, methods: readonly Method[], load: () => Promise<Source>): Source {
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
  }
  const own = Object.fromEntries(Object.entries(all).filter(([method]) => methods.includes(method as Method)))
  return {
    name,
    system: name,
    async open(sink) {
      real = load().then(async (made) => {
        await made.open(sink)
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
