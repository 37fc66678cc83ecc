/** The lifetime of every request and link. A drain ends all of them; the end of a credential ends those that use it. */
import type { Clock } from '../core/clock.js'
import { createDeadline, type Deadline } from '../core/deadline.js'
import type { Link } from '../transport.js'
import type { Credentials } from './credentials.js'
import { Refusal } from './refusal.js'
import type { Grant } from './scopes.js'

/** One request or link from its first byte to its last. Its resources are released when it is over, however it ends. */
export interface RequestLifetime {
  /** Aborted when the client leaves, the credential ends or the gateway drains. In the last two cases the reason is a Refusal. */
  readonly signal: AbortSignal
  /** Binds the request to this credential: it ends when the credential is withdrawn or expires. */
  belongTo(grant: Grant): void
  /** The callback runs once, at the end; at once if the end has come. */
  atEnd(callback: () => void): void
  over(): void
}

/** All requests and links that run. */
export interface RequestLifetimes {
  begin(signal: AbortSignal | undefined, onGrant?: (grant: Grant) => void): RequestLifetime
  /** A drain waits for every upstream link to be closed. */
  track(link: Link): Promise<unknown>
  /** Throws the refusal `draining` during a drain. */
  checkOpen(): void
  drain(): Promise<void>
}

/** Creates the lifetimes of one gateway. */
export function createRequestLifetimes(credentials: Credentials, clock: Clock): RequestLifetimes {
  const deadlines = new Set<Deadline>()
  const running = new Set<Promise<unknown>>()
  let draining = false

  return {
    begin(signal, onGrant) {
      const deadline = createDeadline({ signal })
      const callbacks: (() => void)[] = []
      deadlines.add(deadline)
      const atEnd = (callback: () => void): void => {
        if (deadlines.has(deadline)) callbacks.push(callback)
        else callback()
      }
      return {
        signal: deadline.signal,
        atEnd,
        belongTo(grant) {
          onGrant?.(grant)
          const end = (message: string): void => deadline.abort(new Refusal('unauthenticated', { message }))
          atEnd(credentials.onRevoked(grant.id, () => end('The credential was withdrawn.')))
          if (grant.expiresAtMs === undefined) return
          const timer = clock.after(grant.expiresAtMs - clock.now(), () => end('The session has expired.'))
          atEnd(() => timer.cancel())
        },
        over() {
          if (!deadlines.delete(deadline)) return
          deadline[Symbol.dispose]()
          for (const callback of callbacks) callback()
        },
      }
    },
    track({ closed }) {
      running.add(closed)
      return closed.then(() => running.delete(closed))
    },
    checkOpen() {
      if (draining) throw new Refusal('draining')
    },
    async drain() {
      draining = true
      for (const deadline of deadlines) deadline.abort(new Refusal('draining'))
      while (running.size > 0) await Promise.all([...running])
    },
  }
}
