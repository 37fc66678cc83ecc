/** What needs a stream of events: the stream itself, the recipe that acknowledges, and the search for a send whose answer never came. */
import { autoAck } from './auto-ack.js'
import type { CcccClient } from './client.js'
import type { CcccCore } from './core.js'
import type { CcccDaemonKnowledge } from './daemon.js'
import { openEvents } from './events/index.js'
import type { CcccInboxMethods } from './inbox.js'
import type { CcccMessaging } from './messages.js'
import { createResolve, type CcccResolve } from './resolve.js'

export interface CcccStreams extends Pick<CcccClient, 'events' | 'autoAck'> {
  readonly resolve: CcccResolve
}

export function createStreams(
  core: CcccCore,
  parts: { readonly daemon: CcccDaemonKnowledge; readonly inbox: CcccInboxMethods; readonly messages: CcccMessaging },
  maxLineBytes: number | undefined,
): CcccStreams {
  const events: CcccClient['events'] = (args, options) => openEvents(core, parts.daemon, args, options, maxLineBytes)
  return {
    events,
    resolve: createResolve(core, parts.daemon, events),
    autoAck: (args, options) => autoAck({ ...parts, events }, args, options),
  }
}
