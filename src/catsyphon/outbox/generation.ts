/** Finds out the server's generation. The generation decides whether a batch may be repeated, never the content of a batch. */
import type { CallOptions } from '../../core/call.js'
import { SignalboxError } from '../../errors.js'
import type { Http } from '../http.js'
import type { ServerGeneration } from './types.js'

export interface GenerationProbe {
  /** Reads the server's description once, and again only after `forget`, or after the description could not be read. */
  detect(options?: CallOptions): Promise<ServerGeneration>
  /** An answer showed the generation: only a sequence server refuses an event for its number. */
  learn(generation: 'sequence'): void
  /** The server was away: another generation may come back. */
  forget(): void
}

// A server may hide its description, or fail to write it. A web page instead of it means a wrong address: the caller must hear of that.
const HIDDEN: ReadonlySet<number | undefined> = new Set([401, 403, 404, 500])

export function createGenerationProbe(http: Http): GenerationProbe {
  let found: ServerGeneration | undefined
  let asking: Promise<ServerGeneration> | undefined
  const ask = async (options?: CallOptions): Promise<ServerGeneration> => {
    try {
      return generationOf(await http({ op: 'openapi', path: '/openapi.json' }, options))
    } catch (error) {
      if (SignalboxError.is(error) && HIDDEN.has(error.status) && error.code !== 'incompatible') return 'unknown'
      throw error
    }
  }
  return {
    async detect(options) {
      if (found !== undefined) return found
      asking ??= ask(options).finally(() => {
        asking = undefined
      })
      const answer = await asking
      found ??= answer
      return found
    },
    learn(generation) {
      found = generation
    },
    forget() {
      found = undefined
    },
  }
}

function generationOf(description: unknown): ServerGeneration {
  const schemas = (description as { components?: { schemas?: Record<string, unknown> } } | null)?.components?.schemas
  const event = schemas?.CollectorEvent as { required?: unknown; properties?: object } | undefined
  if (Array.isArray(event?.required) && event.required.includes('sequence')) return 'sequence'
  return event?.properties && 'event_hash' in event.properties ? 'hash' : 'unknown'
}
