/** What runs inside a page of a web port's own origin: the built client over fetch, server-sent events and the page's WebSocket. */
import { build } from 'esbuild'
import { fileURLToPath } from 'node:url'

export interface Asked {
  /** For the header of the first call; the port answers it with a cookie, and everything after goes by that. */
  readonly token?: string
  readonly projectPath: string
}

export interface Told {
  readonly dialect: string
  readonly mode: string
  readonly texts: string[]
  readonly terminal: string
  readonly closed: string
  readonly missing: string
}

/** A classic script that leaves `visit(asked)` in the page. */
export async function pageScript(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: PAGE, resolveDir: fileURLToPath(new URL('../../..', import.meta.url)), loader: 'js' },
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
  })
  return outputFiles[0]?.text ?? ''
}

const PAGE = `
import { createCccc } from 'signalbox/cccc'
import { ccccWebPort } from 'signalbox/cccc/web'
import { fetchExchange } from 'signalbox/web'

const clientOf = (headers) => {
  const exchange = fetchExchange({ baseUrl: location.origin, credentials: 'same-origin', ...(headers ? { headers } : {}) })
  return createCccc({ transport: ccccWebPort({ exchange, terminals: { url: location.origin } }) })
}
const codeOf = (work) => work.then(() => 'let in', (error) => error.code ?? String(error))

globalThis.stranger = async () => {
  const client = clientOf()
  try { return await codeOf(client.groups.list()) } finally { await client.close() }
}

globalThis.visit = async ({ token, projectPath }) => {
  if (token !== undefined) {
    const first = clientOf({ authorization: 'Bearer ' + token })
    await first.groups.list()
    await first.close()
  }
  const client = clientOf()
  try {
    const { dialect } = await client.describe()
    const { group_id: groupId } = await client.groups.create({ title: 'from a page' })
    await client.groups.attach({ path: projectPath, groupId })
    const actor = { groupId, actorId: 'sh' }
    await client.actors.add({ ...actor, runtime: 'custom', command: ['sh', '-c', 'cat'] })
    await client.actors.start(actor)

    const stream = await client.events({ groupId, kinds: ['chat.message'] })
    const texts = []
    for (const text of ['one', 'zw\\u00f6lf']) await client.messages.send({ groupId, text, to: ['user'] })
    for await (const item of stream) {
      texts.push(item.type === 'event' ? item.event.data.text : 'gap')
      if (texts.length === 2) break
    }

    const { link } = await client.terminal.attach(actor)
    await client.terminal.resize({ ...actor, cols: 100, rows: 30 })
    await link.write(new TextEncoder().encode('zw\\u00f6lf\\r'))
    const utf8 = new TextDecoder()
    let terminal = ''
    // The word comes twice: as the echo of the terminal, and as the output of the program.
    while (terminal.split('zw\\u00f6lf').length < 3) {
      const chunk = await link.read()
      if (chunk === null) break
      terminal += utf8.decode(chunk, { stream: true })
    }
    const { kind, abandoned } = await link.close()
    const missing = await codeOf(client.terminal.attach({ groupId, actorId: 'nobody' }))
    return { dialect, mode: stream.mode, texts, terminal, closed: abandoned ? 'abandoned' : kind, missing }
  } finally {
    await client.close()
  }
}
`
