/** Whether hubs can share this NATS server: it answers, it is new enough, and it grants leases. */
import { SignalboxError } from '../../../../src/errors.js'
import { openNats, type NatsChoice } from './nats.js'

export interface NatsFinding {
  readonly works: boolean
  /** What was found, or what is wrong and how to repair it. */
  readonly text: string
}

export async function checkNats(choice: NatsChoice): Promise<NatsFinding> {
  try {
    const opened = await openNats(choice)
    try {
      const lease = await opened.store.lease('doctor')
      const held = await lease.acquire(crypto.randomUUID(), { ttlMs: 5_000 })
      await held?.release()
      return { works: true, text: 'The server answers and grants leases.' }
    } finally {
      await opened.close()
    }
  } catch (error) {
    if (!SignalboxError.is(error)) throw error
    return { works: false, text: error.message }
  }
}
