/** Finds out whether a send whose answer never came was stored: by its client id, in the history or in a replay of the stream. */
import { abortError, createDeadline } from '../core/deadline.js'
import type { CcccCallOptions, CcccCore } from './small-client.js'
import type { CcccDaemonKnowledge } from './daemon.js'
import { unsupported } from './errors.js'
import type { CcccEventsArgs, CcccEventsOptions, CcccEventStream } from './events/types.js'
import { historyPages } from './history.js'
import type { CcccEvent } from './shapes.js'

/** Which send to look for. */
export interface CcccResolveArgs {
  /** The group of the message. */
  readonly groupId: string
  /** The `clientId` of the send. */
  readonly clientId: string
  /** The daemon's time before the send: `ts` of a `ping`. */
  readonly since: string
  /** Whose history is searched; default: the client's principal. */
  readonly by?: string
  /** A replay counts as over after so many milliseconds without an event; default 1,000. */
  readonly quietMs?: number
}

/** What was found. */
export interface CcccResolved {
  /** After `unseen` the daemon may still store the message, if it is still working on the request. */
  readonly outcome: 'stored' | 'unseen'
  /** The stored message. */
  readonly event?: CcccEvent
}

/**
 * Looks for a send by its client id. Dialects B and C; on A it fails with `unsupported`, because 0.4.2 stores no client ids.
 * @example
 * import { createCccc } from 'signalbox/cccc'
 * import { ccccDaemon } from 'signalbox/node'
 *
 * await using client = createCccc({ transport: ccccDaemon() })
 * const { ts: since } = await client.call('ping')
 * const message = { groupId: 'g_0123456789ab', clientId: crypto.randomUUID() }
 * await client.messages.send({ ...message, text: 'once', to: ['user'] }).catch(() => {})
 * console.log((await client.messages.resolve({ ...message, since })).outcome)
 */
export type CcccResolve = (args: CcccResolveArgs, options?: CcccCallOptions) => Promise<CcccResolved>

const MOST_PAGES = 20
const QUIET_MS = 1_000
/** The deadline without `timeoutMs`: in a busy group a replay never pauses, so only a deadline ends it. */
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
    // The daemon does not mark the end of a replay, so silence counts as the end.
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
      // The parts fail in different ways. The caller made one call, and it changed nothing.
      throw signal.aborted ? abortError(signal, { system: 'cccc', op: 'resolve', sent: 'no', cause: error }) : error
    } finally {
      deadline[Symbol.dispose]()
    }
  }
}
