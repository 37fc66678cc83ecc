/** The methods of the protocol's schema against docs/acp.md and against what both sides do. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { serveAcp } from '../../src/acp/index.js'
import { AGENT_METHODS, CLIENT_METHODS } from '../../src/acp/protocol/methods.js'
import { encodeNdjson, ndjsonDecoder } from '../../src/core/codec/ndjson.js'
import { messages } from '../../src/core/messages.js'
import { createHub } from '../../src/hub/index.js'
import { memoryPair } from '../../src/testing/index.js'
import type { Json } from './recordings.js'

interface Row {
  readonly method: string
  readonly driving: string
  readonly serving: string
}

/** The stable methods of the schema in the SDK's package, and who answers them. */
function schemaMethods(): ReadonlyMap<string, string> {
  const path = new URL('../../node_modules/@agentclientprotocol/sdk/schema/v1/schema.json', import.meta.url)
  const { $defs } = JSON.parse(readFileSync(path, 'utf8')) as { $defs: Record<string, Record<string, string>> }
  return new Map(
    Object.values($defs).flatMap((def) => (def['x-method'] === undefined ? [] : [[def['x-method'], def['x-side'] ?? '']])),
  )
}

/** The table of docs/acp.md. */
function documented(): readonly Row[] {
  const text = readFileSync(new URL('../../docs/acp.md', import.meta.url), 'utf8')
  const table = text.split('## Methods')[1]?.split('\n## ')[0] ?? ''
  return [...table.matchAll(/^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|/gm)].map(([, method = '', driving = '', serving = '']) => ({
    method,
    driving: driving.trim(),
    serving: serving.trim(),
  }))
}

/** Whether `serveAcp` has a method. Only the answer to an unknown method has this code. */
async function served(methods: readonly string[]): Promise<readonly string[]> {
  await using hub = await createHub({ sources: [] })
  const [near, far] = memoryPair()
  await using serving = serveAcp(hub, far, { agent: 'none/main' })
  for (const [id, method] of methods.entries()) await near.write(encodeNdjson({ jsonrpc: '2.0', id, method, params: {} }))
  const known: string[] = []
  let left = methods.length
  for await (const { id, error } of messages(near, ndjsonDecoder<Json>())) {
    if ((error as { code?: number } | undefined)?.code !== -32601) known.push(methods[Number(id)] ?? '')
    left -= 1
    if (left === 0) break
  }
  await serving.close()
  return known.sort()
}

describe('the methods of the protocol', () => {
  test('docs/acp.md names every stable method of the schema, and no other except session/fork [acp.methods]', () => {
    const names = documented().map(({ method }) => method)
    expect([...names].sort()).toEqual([...schemaMethods().keys(), 'session/fork'].sort())
    for (const { method, driving, serving } of documented()) {
      for (const cell of [driving, serving]) expect(cell, method).toMatch(/^(yes|no: .+)$/)
    }
  })

  test('the source uses exactly the methods that the table lists for driving [acp.methods]', () => {
    const claimed = documented().flatMap(({ method, driving }) => (driving === 'yes' ? [method] : []))
    const ours: readonly string[] = [...Object.values(AGENT_METHODS), ...Object.values(CLIENT_METHODS), '$/cancel_request']
    expect([...claimed].sort()).toEqual([...ours].sort())
  })

  test('the server answers exactly the requests that the table claims for serving [acp.methods]', async () => {
    const sides = schemaMethods()
    const requests = documented().filter(({ method }) => method !== 'session/cancel' && (sides.get(method) ?? 'agent') === 'agent')
    const claimed = requests.flatMap(({ method, serving }) => (serving === 'yes' ? [method] : []))
    expect(await served(requests.map(({ method }) => method))).toEqual([...claimed].sort())
  })
})
