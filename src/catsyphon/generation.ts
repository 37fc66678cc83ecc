/** Which generation of the server this is: it changes what a retry may do, never what is sent. */
import { SignalboxError } from '../errors.js'
import type { CallOptions } from '../core/call.js'
import type { Http } from './http.js'

/** `sequence`: dedup by number; `hash`: dedup by the event's hash; `unknown`: the description is switched off. */
export type ServerGeneration = 'sequence' | 'hash' | 'unknown'

export interface GenerationProbe {
  /** Asks once, and again only after it could not be asked. */
  detect(options?: CallOptions): Promise<ServerGeneration>
  /** What an answer gave away: only an older server refuses for its numbers. */
  learn(generation: 'sequence'): void
}

export function createGenerationProbe(http: Http): GenerationProbe {
  let found: ServerGeneration | undefined
  let asking: Promise<ServerGeneration> | undefined
  const ask = async (options?: CallOptions): Promise<ServerGeneration> => {
    try {
      const description = await http.request(
        { op: 'openapi', method: 'GET', path: '/openapi.json', authenticated: false, idempotent: true },
        options,
      )
      return read(description)
    } catch (error) {
      // A server may hide its description; a page instead of one is a wrong address, which the caller must hear of.
      if (
        SignalboxError.is(error) &&
        (error.status === 404 || error.status === 401 || error.status === 403) &&
        error.code !== 'incompatible'
      ) {
        return 'unknown'
      }
      throw error
    }
  }
  return {
    detect(options) {
      if (found !== undefined) return Promise.resolve(found)
      asking ??= ask(options)
        .then((generation) => {
          found ??= generation
          return found
        })
        .finally(() => {
          asking = undefined
        })
      return asking
    },
    learn(generation) {
      found = generation
    },
  }
}

function read(description: unknown): ServerGeneration {
  const schemas = (description as { components?: { schemas?: Record<string, unknown> } } | null)?.components?.schemas
  const event = schemas?.CollectorEvent as { required?: unknown; properties?: object } | undefined
  if (Array.isArray(event?.required) && event.required.includes('sequence')) return 'sequence'
  return event?.properties && 'event_hash' in event.properties ? 'hash' : 'unknown'
}
