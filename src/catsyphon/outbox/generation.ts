/** Which generation of the server this is: it changes what a retry may do, never what is sent. */
import { SignalboxError } from '../../errors.js'
import type { CallOptions } from '../../core/call.js'
import type { Http } from '../http.js'
import type { ServerGeneration } from '../queue.js'

export interface GenerationProbe {
  /** Asks once, and again only after it could not be asked. */
  detect(options?: CallOptions): Promise<ServerGeneration>
  /** What an answer gave away: only an older server refuses for its numbers. */
  learn(generation: 'sequence'): void
  /** The server went away: what comes back may be another one. */
  forget(): void
}

// A server may hide its description, or fail to write it; a page instead of one is a wrong address, which the caller must hear of.
const HIDDEN: ReadonlySet<number | undefined> = new Set([401, 403, 404, 500])

export function createGenerationProbe(http: Http): GenerationProbe {
  let found: ServerGeneration | undefined
  let asking: Promise<ServerGeneration> | undefined
  const ask = async (options?: CallOptions): Promise<ServerGeneration> => {
    try {
      return read(await http({ op: 'openapi', path: '/openapi.json' }, options))
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

function read(description: unknown): ServerGeneration {
  const schemas = (description as { components?: { schemas?: Record<string, unknown> } } | null)?.components?.schemas
  const event = schemas?.CollectorEvent as { required?: unknown; properties?: object } | undefined
  if (Array.isArray(event?.required) && event.required.includes('sequence')) return 'sequence'
  return event?.properties && 'event_hash' in event.properties ? 'hash' : 'unknown'
}
