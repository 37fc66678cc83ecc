/** Calls that wait for an answer on a shared link. When the link dies they all settle at once, with one typed cause. */
import { SignalboxError } from '../errors.js'
import { deferred, type Deferred } from './deferred.js'

export interface PendingCalls<Id, Answer> {
  /** Registers a call and returns its promise. Rejects at once when the table is closed or full. */
  add(id: Id): Promise<Answer>
  /** False if no call waits for this id: a late answer, or one without a request. */
  settle(id: Id, answer: Answer): boolean
  fail(id: Id, error: unknown): boolean
  /** Forgets a call whose caller gave up; its late answer is ignored. */
  forget(id: Id): void
  /** Fails every pending call with a separate error of the same cause, and refuses new calls. */
  close(errorFor: (id: Id) => unknown): void
  readonly size: number
}

export function createPending<Id, Answer>(options: { readonly maxPending?: number } = {}): PendingCalls<Id, Answer> {
  const { maxPending = 10_000 } = options
  const calls = new Map<Id, Deferred<Answer>>()
  let closed: ((id: Id) => unknown) | undefined

  const remove = (id: Id): Deferred<Answer> | undefined => {
    const call = calls.get(id)
    if (call) calls.delete(id)
    return call
  }

  return {
    add(id) {
      if (closed) return Promise.reject(closed(id))
      if (calls.size >= maxPending) {
        return Promise.reject(
          new SignalboxError({
            code: 'rate_limited',
            message: `${maxPending} calls already wait for an answer on this link.`,
            hint: 'Limit the concurrency of the caller or raise maxPending.',
          }),
        )
      }
      if (calls.has(id)) {
        return Promise.reject(
          new SignalboxError({ code: 'conflict', message: `A call with id ${String(id)} already waits for its answer.` }),
        )
      }
      const call = deferred<Answer>()
      calls.set(id, call)
      // The link may die while its owner writes the request, before the owner awaits the answer.
      call.promise.catch(() => {})
      return call.promise
    },
    settle(id, answer) {
      const call = remove(id)
      call?.resolve(answer)
      return call !== undefined
    },
    fail(id, error) {
      const call = remove(id)
      call?.reject(error)
      return call !== undefined
    },
    forget: (id) => void calls.delete(id),
    close(errorFor) {
      if (closed) return
      closed = errorFor
      const waiting = [...calls]
      calls.clear()
      for (const [id, call] of waiting) call.reject(errorFor(id))
    },
    get size() {
      return calls.size
    },
  }
}
