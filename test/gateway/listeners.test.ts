/** Listeners and files that fail: a withdrawal still ends every link, and the audit log counts the lines that it lost. */
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { createCredentials, createGateway, type GatewayEvent } from '../../src/gateway/index.js'
import { openAuditLog, readAuditLog } from '../../transports/node/index.js'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

describe('listeners that throw [gateway.credentials.listeners]', () => {
  const failing = (): never => {
    throw new Error('the listener failed')
  }

  test('a listener of changes that throws stops neither the withdrawal nor the other listeners', async () => {
    const credentials = createCredentials()
    credentials.onChange(failing)
    const events: GatewayEvent[] = []
    createGateway({ upstreams: {}, allowedHosts: ['gateway.example'], credentials, onEvent: (event) => void events.push(event) })
    const { token, grant } = await credentials.issueToken({ name: 'phone' })
    let ended = 0
    credentials.onRevoked(grant.id, failing)
    credentials.onRevoked(grant.id, () => {
      ended += 1
    })
    expect(credentials.revoke(grant.id)).toBe(true)
    expect(ended).toBe(1)
    await expect(credentials.verify(token)).rejects.toMatchObject({ code: 'unauthenticated' })
    expect(events.map((event) => (event.type === 'credential' ? event.change : event.type))).toEqual(['issued', 'revoked'])
  })

  test('when the devices cannot be written, a withdrawal still ends the links of the device', async () => {
    let isFull = false
    const credentials = createCredentials({ onDevices: () => (isFull ? failing() : undefined) })
    const { token, grant } = await credentials.issueToken({ device: true, name: 'phone' })
    let ended = 0
    credentials.onRevoked(grant.id, () => {
      ended += 1
    })
    isFull = true
    expect(await credentials.verify(token)).toEqual(grant)
    expect(credentials.revoke(grant.id)).toBe(true)
    expect(ended).toBe(1)
  })
})

describe('an audit log that cannot be written [gateway.audit.failures]', () => {
  const line = (op: string): GatewayEvent => ({ type: 'op', upstream: 'ccc', grant: 'g', op, outcome: 'passed' })

  test('lines that cannot be written are counted in a later line, and the older lines stay', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'signalbox-audit-'))
    closing.push(() => rm(folder, { recursive: true, force: true }))
    const path = join(folder, 'logs', 'audit.log')
    const audit = await openAuditLog({ path, maxBytes: 400, maxFiles: 9 })
    closing.push(async () => audit[Symbol.asyncDispose]())
    const write = async (count: number, op: string): Promise<void> => {
      for (let index = 0; index < count; index += 1) {
        audit.write(line(op))
        await audit.flush()
      }
    }
    await write(6, 'before')
    // The next rotation cannot open a file.
    await rename(join(folder, 'logs'), join(folder, 'away'))
    await write(8, 'meanwhile')
    await rename(join(folder, 'away'), join(folder, 'logs'))
    await write(2, 'after')
    const entries = (await readAuditLog(path, { maxFiles: 9 })) as { event: string; op?: string; lines?: number }[]
    const countOf = (op: string): number => entries.filter((entry) => entry.op === op).length
    expect([countOf('before'), countOf('after')]).toEqual([6, 2])
    const dropped = entries.reduce((sum, { lines = 0 }) => sum + lines, 0)
    expect(dropped).toBeGreaterThan(0)
    expect(countOf('meanwhile') + dropped).toBe(8)
  })
})
