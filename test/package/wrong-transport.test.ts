/** The error for a plain JavaScript program that passes a bare exchange to a client that needs a wrapped one. */
import { expect, test } from 'vitest'
import { createCccc } from '../../src/cccc/index.js'
import { createCmdop } from '../../src/cmdop/index.js'
import { fetchExchange } from '../../transports/web/index.js'

test.each([
  ['cccc', () => createCccc({ transport: fetchExchange({ baseUrl: 'http://127.0.0.1:9' }) as never }), /ccccWebPort/],
  ['cmdop', () => createCmdop({ transport: fetchExchange({ baseUrl: 'http://127.0.0.1:9' }) as never }), /cmdopRest/],
])('%s names what wraps it, before anything is sent [surface.bare-exchange]', (_system, make, wrapper) => {
  let told: unknown
  try {
    make()
  } catch (error) {
    told = error
  }
  expect(told).toMatchObject({ code: 'invalid_argument', sent: 'no', message: expect.stringMatching(wrapper) })
})
