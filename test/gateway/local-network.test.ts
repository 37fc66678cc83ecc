/** Why a page cannot reach a gateway on its own machine: the error names known reasons only. */
import { describe, expect, test } from 'vitest'
import { SignalboxError } from '../../src/index.js'
import { explained, type PageGlobals } from '../../transports/web/local-network.js'

const failed = new SignalboxError({ code: 'unreachable', message: 'No reply.', sent: 'maybe' })
const LOCAL = new URL('http://127.0.0.1:8700')

const page = (url: string, states: Readonly<Record<string, string>> = {}): PageGlobals => ({
  location: new URL(url),
  navigator: {
    permissions: {
      async query({ name }) {
        const state = states[name]
        if (state === undefined) throw new TypeError('no such permission')
        return { state }
      },
    },
  },
})
const failure = async (globals: PageGlobals, target = LOCAL, error: unknown = failed): Promise<SignalboxError> =>
  explained(target, () => Promise.reject(error), globals).then(
    () => expect.unreachable(),
    (reason: SignalboxError) => reason,
  )

describe('[gateway.local-network]', () => {
  test.each([
    ['loopback-network', 'denied', 'refused'],
    ['loopback-network', 'prompt', 'not given'],
    ['local-network-access', 'denied', 'refused'],
  ])('a permission %s that is %s is named, with the remedy', async (name, state, word) => {
    const error = await failure(page('https://app.example', { [name]: state }))
    expect(error).toMatchObject({ code: 'unreachable', remoteCode: 'local_network_access', sent: 'maybe' })
    expect(error.message).toContain(word)
    expect(error.message).toContain('https://app.example')
    expect(error.message).toContain('site')
  })

  test('if the permission is granted or unknown, the error names the list of origins', async () => {
    for (const globals of [page('http://app.example', { 'loopback-network': 'granted' }), page('http://app.example')]) {
      const error = await failure(globals)
      expect(error.remoteCode).toBeUndefined()
      expect(error.message).toContain('No reply.')
      expect(error.message).toContain('allowedOrigins')
      expect(error.message).not.toContain('TLS')
    }
  })

  test('on an https page the error names browsers that block plain http', async () => {
    expect((await failure(page('https://app.example'))).message).toContain('TLS')
    expect((await failure(page('https://app.example'), new URL('https://localhost:8700'))).message).not.toContain('TLS')
  })

  test('no advice is added outside a page, on a local page, for a remote gateway, or for another failure', async () => {
    expect(await failure({})).toBe(failed)
    expect(await failure(page('http://localhost:5173'))).toBe(failed)
    expect(await failure(page('https://app.example'), new URL('https://gateway.example'))).toBe(failed)
    const other = new SignalboxError({ code: 'unauthenticated', message: 'No.' })
    expect(await failure(page('https://app.example'), LOCAL, other)).toBe(other)
    const answered = new SignalboxError({ code: 'unreachable', message: 'Not there.', remoteCode: 'upstream_unreachable' })
    expect(await failure(page('https://app.example'), LOCAL, answered)).toBe(answered)
  })

  test('a successful answer is returned unchanged', async () => {
    expect(await explained(LOCAL, async () => 5, page('https://app.example'))).toBe(5)
  })
})
