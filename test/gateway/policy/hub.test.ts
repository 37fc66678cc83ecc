/** What a credential needs for each method of a hub. */
import { expect, test } from 'vitest'
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
