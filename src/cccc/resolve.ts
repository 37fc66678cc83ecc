/** What became of a send whose answer never came: looked for by its client id, in the history or in what the daemon replays. */
import { abortError, createDeadline } from '../core/deadline.js'
import type { CcccCallOptions, CcccCore } from './small-client.js'
import type { CcccDaemonKnowledge } from './daemon.js'
import { unsupported } from './errors.js'
import type { CcccEventsArgs, CcccEventsOptions, CcccEventStream } from './events/types.js'
import { historyPages } from './history.js'
import type { CcccEvent } from './shapes.js'

export interface CcccResolveArgs {
  readonly groupId: string
  readonly clientId: string
  /** The daemon's time before the send, as a `ping` tells it. */
  readonly since: string
  readonly by?: string
  /** How long a replay may be silent before it counts as over; default 1 s. */
  readonly quietMs?: number
}

export interface CcccResolved {
  /** `unseen` is no promise: a daemon that still works on the request may store it later. */
  readonly outcome: 'stored' | 'unseen'
  readonly event?: CcccEvent
}

export type CcccResolve = (args: CcccResolveArgs, options?: CcccCallOptions) => Promise<CcccResolved>

const MOST_PAGES = 20
const QUIET_MS = 1_000
/** A group that always has something to say never lets a replay be silent. */
const TIMEOUT_MS = 30_000

export function createResolve(
  core: CcccCore,
  daemon: CcccDaemonKnowledge,
  events: (args: CcccEventsArgs, options?: CcccEventsOptions) => Promise<CcccEventStream>,
): CcccResolve {
  const inHistory = async (args: CcccResolveArgs, options: CcccCallOptions | undefined): Promise<CcccEvent | undefined> => {
    let pages = 0
    for await (const page of historyPages(core, args, options)) {
      pages += 1
      const found = page.find(({ data }) => data.client_id === args.clientId)
      if (found || pages === MOST_PAGES || (page.at(-1)?.ts ?? '') < args.since) return found
    }
    return undefined
  }

  const inReplay = async (args: CcccResolveArgs, options: CcccCallOptions | undefined): Promise<CcccEvent | undefined> => {
    const { groupId, clientId, since, quietMs = QUIET_MS } = args
    const stream = await events({ groupId, kinds: ['chat.message'], cursor: { ts: since } }, { ...options, reconnect: false })
    // Nothing marks the end of a replay, so its silence does.
    const whenQuiet = () => core.clock.after(quietMs, () => void stream.close())
    let timer = whenQuiet()
    try {
      for await (const item of stream) {
        timer.cancel()
        if (item.type === 'event' && item.event.data.client_id === clientId) return item.event
        timer = whenQuiet()
      }
      return undefined
    } finally {
      timer.cancel()
      await stream.close()
    }
  }

  const find = async (args: CcccResolveArgs, options: CcccCallOptions): Promise<CcccResolved> => {
    const event = await daemon.speak(options, async (dialect) => {
      if (dialect === 'A') {
        throw unsupported('resolve', 'This daemon keeps no client ids.', 'Look for the message by its text.')
      }
      return dialect === 'C' ? inHistory(args, options) : inReplay(args, options)
    })
    return event ? { outcome: 'stored', event } : { outcome: 'unseen' }
  }

  return async (args, options) => {
    const deadline = createDeadline({ signal: options?.signal, timeoutMs: options?.timeoutMs ?? TIMEOUT_MS, clock: core.clock })
    const { signal } = deadline
    try {
      return await find(args, { ...options, signal })
    } catch (error) {
      // Its parts end in their own ways; to the caller it is one call, and it sends nothing that counts.
      throw signal.aborted ? abortError(signal, { system: 'cccc', op: 'resolve', sent: 'no', cause: error }) : error
    } finally {
      deadline[Symbol.dispose]()
    }
  }
}
