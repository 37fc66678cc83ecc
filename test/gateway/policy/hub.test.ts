/** What a credential needs for each method of a hub. */
import { describe, expect, test } from 'vitest'
import { encodeNdjson } from '../../../src/core/codec/ndjson.js'
import { DEFAULT_LIMITS, type Grant } from '../../../src/gateway/index.js'
import { createMessageFilter } from '../../../src/gateway/message-filter.js'
import { hubPolicy } from '../../../src/gateway/policy/index.js'
import { Refusal } from '../../../src/gateway/refusal.js'
import { HUB_SCOPES } from '../../../src/hub/index.js'

test('each method of a hub needs its scope, and an unknown one needs admin [hub.wire.gateway]', () => {
  for (const [method, needs] of Object.entries(HUB_SCOPES))
    expect(hubPolicy.classify({ id: 1, method, params: {} })).toMatchObject({ needs })
  expect(hubPolicy.classify({ id: 1, method: 'shutdown' })).toMatchObject({ needs: 'admin' })
  expect(hubPolicy.classify({ id: 1, method: 'prompt', params: { text: '/clear' } })).toMatchObject({ needs: 'admin' })
  expect(hubPolicy.classify({ id: 1, method: 'prompt', params: { text: 'clear it' } })).toMatchObject({ needs: 'send' })
})

test('a refused request gets its own error, and the link stays open [hub.wire.gateway-refusal]', () => {
  const answer = hubPolicy.answerRefusal?.({ id: 7, method: 'answer' }, new Refusal('not_found'))
  expect(JSON.parse(new TextDecoder().decode(answer))).toMatchObject({ id: 7, error: { code: 'permission_denied', sent: 'no' } })
})

describe('the sender of what reaches a hub [gateway.attack.sender]', () => {
  const passed = (grant: Grant, message: object): unknown => {
    const filter = createMessageFilter(hubPolicy, grant, { limits: DEFAULT_LIMITS })
    const [line] = filter.push(encodeNdjson(message))
    return JSON.parse(new TextDecoder().decode(line))
  }
  const line = (method: string, params: object) => ({ id: 1, method, params })

  test('below admin, `by` is the name of the credential, whatever the client says', () => {
    const phone: Grant = { id: 'g1', name: 'phone', scopes: ['send', 'approve'] }
    for (const method of ['prompt', 'cancel', 'answer']) {
      expect(passed(phone, line(method, { by: 'the owner', text: 't' }))).toEqual(line(method, { by: 'phone', text: 't' }))
      expect(passed(phone, line(method, { text: 't' }))).toEqual(line(method, { by: 'phone', text: 't' }))
    }
    expect(passed({ id: 'g2', scopes: ['send'] }, line('prompt', { by: 'the owner' }))).toEqual(
      line('prompt', { by: 'credential g2' }),
    )
    expect(passed(phone, line('agents', { by: 'x' }))).toEqual(line('agents', { by: 'x' }))
  })

  test('admin may act for others', () => {
    const owner: Grant = { id: 'g3', name: 'bot', scopes: ['admin'] }
    expect(passed(owner, line('prompt', { by: 'mira' }))).toEqual(line('prompt', { by: 'mira' }))
  })
})
