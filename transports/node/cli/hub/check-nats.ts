/** Whether hubs can share this NATS server: it answers, it is new enough, and it grants leases. */
import { SignalboxError } from '../../../../src/errors.js'
import { openNats, type NatsChoice } from './nats.js'

export interface NatsFinding {
  readonly works: boolean
  /** The finding, or the problem and how to repair it. */
  readonly text: string
  /** Of the server, if it answered. */
  readonly version?: string
}

export async function checkNats(choice: NatsChoice): Promise<NatsFinding> {
  let version: string | undefined
  try {
    const opened = await openNats(choice)
    version = opened.version
    try {
      const lease = await opened.store.lease('doctor')
      const held = await lease.acquire(crypto.randomUUID(), { ttlMs: 5_000 })
      await held?.release()
      const open = opened.encrypted || isLocal(opened.host)
      const warning = open ? '' : ' The connection has no TLS: others on the network can read and change everything.'
      return { works: true, version, text: `The server answers and grants leases.${warning}` }
    } finally {
      await opened.close()
    }
  } catch (error) {
    if (!SignalboxError.is(error)) throw error
    return { works: false, text: error.message, ...(version === undefined ? {} : { version }) }
  }
}

const isLocal = (host: string): boolean => /\/\/(?:localhost|127\.|\[::1\])/.test(host)
