/** Compares the simulated core with the recordings of real ones in the same conversation. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createCmdopCoreSimulator, createCmdopRelaySimulator } from '../../src/testing/index.js'
import { CORE_V2, CORE_VERSIONS, recordingOf } from './real-core.js'
import { playTraffic, type Exchange } from './traffic.js'
import { playTrafficV2 } from './traffic-v2.js'

/** What is not modelled, and why. */
const NOT_MODELLED: Readonly<Record<string, string>> = {
  'ask cut': 'whether the words before the cut arrive is a matter of time',
}

describe.each(CORE_VERSIONS)('the simulated core %s', (version) => {
  it('gives the recorded answers of the real one [cmdop.recordings]', async () => {
    const recorded = JSON.parse(readFileSync(recordingOf(version), 'utf8')) as Exchange[]
    const relay = createCmdopRelaySimulator()
    const core = createCmdopCoreSimulator({ version, relay, token: 't-right', apiKey: 'k-right' })
    const link = await core.transport.open()
    const played = await playTraffic(link, relay)
    await link.close()
    expect(played.length).toBe(recorded.length)
    for (const [index, exchange] of played.entries()) {
      if (!(exchange.name in NOT_MODELLED)) expect(exchange, exchange.name).toEqual(recorded[index])
    }
  })
})

describe('the simulated core 2.0.0', () => {
  it('gives the recorded answers of the real one [cmdop.v2.recordings]', async () => {
    const recorded = JSON.parse(readFileSync(recordingOf(CORE_V2), 'utf8')) as Exchange[]
    const relay = createCmdopRelaySimulator({ generation: 2 })
    const core = createCmdopCoreSimulator({ version: CORE_V2, relay, token: 't-right' })
    const link = await core.transport.open()
    const played = await playTrafficV2(link, relay)
    await link.close()
    expect(played.length).toBe(recorded.length)
    for (const [index, exchange] of played.entries()) expect(exchange, exchange.name).toEqual(recorded[index])
  })
})
