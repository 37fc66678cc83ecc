/** The hub that a command works with: the running one of this machine, or one in this process. */
import { SignalboxError } from '../../../../src/errors.js'
import { createHubClient } from '../../../../src/hub/index.js'
import type { StreamTransport } from '../../../../src/transport.js'
import { hubSocket } from '../../hub/socket.js'
import type { HubWish, OpenedHub } from '../program/command.js'
import { hubPlace } from '../settings/hub-place.js'

type Environment = Readonly<Record<string, string | undefined>>

/** Opens the hub. A running hub is preferred, because every viewer then sees the same journal. */
export async function openHub(wish: HubWish, env: Environment): Promise<OpenedHub> {
  const { socket: path } = await hubPlace(env)
  let closing = false
  const transport = withNotice(hubSocket({ path }), (state) => {
    if (!closing) wish.onConnection?.(state)
  })
  const client = createHubClient({ transport, by: env.USER ?? 'user' })
  const close = async (): Promise<void> => {
    closing = true
    await client.close()
  }
  try {
    await client.agents({ timeoutMs: 5_000 })
    return { hub: { ...client, close, [Symbol.asyncDispose]: close }, shared: true }
  } catch (error) {
    await close()
    // Nothing listens: that is the usual case of a machine without a running hub. Any other failure is reported.
    if (!SignalboxError.is(error, 'unreachable')) throw error
  }
  if (wish.running) {
    throw new SignalboxError({
      code: 'unreachable',
      system: 'hub',
      message: 'No hub runs on this machine.',
      hint: 'signalbox up starts it.',
    })
  }
  return { hub: await openLocalHub(wish, env), shared: false }
}

/** The same transport, which tells when a link is lost and when the next one is open. */
function withNotice(transport: StreamTransport, notify: (state: 'lost' | 'back') => void): StreamTransport {
  let lost = false
  return {
    ...transport,
    async open(options, given) {
      const link = await transport.open(options, given)
      if (lost) notify('back')
      lost = false
      void link.closed.then(() => {
        lost = true
        notify('lost')
      })
      return link
    },
  }
}

async function openLocalHub({ agent }: HubWish, env: Environment): Promise<OpenedHub['hub']> {
  const [{ createHub }, { openSources }, { readSettings }] = await Promise.all([
    import('../../../../src/hub/index.js'),
    import('./sources.js'),
    import('../settings/read.js'),
  ])
  const { settings } = await readSettings(env)
  const { sources, close } = await openSources(settings, env, agent?.split('/')[0])
  if (agent !== undefined && sources.length === 0) {
    await close()
    throw new SignalboxError({
      code: 'not_found',
      system: 'hub',
      message: `No system of this machine has the agent ${agent}.`,
      hint: 'signalbox ls shows the agents, signalbox doctor what was looked for.',
    })
  }
  const hub = await createHub({
    sources,
    ...(settings.policy ? { policy: [{ name: 'config', rules: settings.policy as never }] } : {}),
  })
  const closeAll = async (): Promise<void> => {
    await hub.close()
    await close()
  }
  return { ...hub, close: closeAll, [Symbol.asyncDispose]: closeAll }
}
