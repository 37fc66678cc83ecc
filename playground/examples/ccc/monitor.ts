/**
 * Watches all sessions in the background. New sessions are followed, a restarted server is a gap and not an end.
 * Run: node monitor.js, and stop it with Ctrl-C
 */
import { createCcc } from 'signalbox/ccc'
import { cccSocket } from 'signalbox/node'

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())

await using ccc = createCcc({ transport: cccSocket() })
try {
  for await (const event of await ccc.subscribe({ signal: stopping.signal })) {
    if (event.type === 'status') console.log(`${event.session}: ${event.status}`)
    else if (event.type === 'gap') console.log('the server is away; statuses may change unseen')
    else if (event.type === 'subscribed') console.log(`watching ${event.sessions.join(', ')}`)
  }
} catch (error) {
  if (!stopping.signal.aborted) throw error
}
