/** The side of the page: keeps waiting links open, and connects each used link to a simulator in this page. */
import { SignalboxError, type ExchangeTransport, type Link, type StreamTransport } from '../../../src/index.js'
import { gateway, webSocketLink, type GatewayClient, type WebSocketConstructor } from '../../../transports/web/index.js'
import { readHead } from './head.js'

export interface Lender extends AsyncDisposable {
  /** A client of the gateway that the links are lent to. */
  readonly client: GatewayClient
  /** From now on, links that are opened under this name come here. */
  // biome-ignore lint/suspicious/noExplicitAny: the launch is whatever the client of the system sends
  serve(name: string, transport: StreamTransport<any> | ExchangeTransport): void
}

const STANDING_BY = 4

export async function lendTo(peersUrl: string, webSocket?: WebSocketConstructor): Promise<Lender> {
  const id = crypto.randomUUID()
  const own = webSocket ? { webSocket } : {}
  const transport = webSocketLink<object>({ url: peersUrl, ...own })
  const { location } = globalThis as { location?: { origin: string } }
  const info = await transport.open({ peer: 'gateway', id, origin: location?.origin })
  const { head } = await readHead(info)
  await info.close()
  const { url, token } = head as { url: string; token: string }
  const servers = new Map<string, StreamTransport<unknown> | ExchangeTransport>()
  const links = new Set<Link>()
  const openings = new Set<Promise<Link>>()
  let over = false

  const standBy = async (name: string): Promise<void> => {
    if (over) return
    const opening = transport.open({ peer: 'lend', id, name })
    openings.add(opening)
    const link = await opening.finally(() => openings.delete(opening))
    // The lender may have ended during the open.
    if (over) return void (await link.close({ graceMs: 100 }))
    links.add(link)
    void link.closed.then(() => links.delete(link))
    // A new link waits before this one is used, or after it is returned unused.
    const heard = readHead(link).finally(() => void standBy(name).catch(() => {}))
    const { head: said, rest } = await heard
    const server = servers.get(name)
    if (server?.kind === 'exchange') await answer(server, said as Asked, rest, link)
    else if (server) await join(link, rest, await server.open((said as { launch?: unknown }).launch))
  }

  return {
    client: gateway(url, { token, ...own }),
    serve(name, server) {
      const known = servers.has(name)
      servers.set(name, server)
      if (known) return
      for (let count = 0; count < STANDING_BY; count += 1) void standBy(name).catch(() => {})
    },
    async [Symbol.asyncDispose]() {
      over = true
      await Promise.allSettled(openings)
      await Promise.all([...links].map((link) => link.close({ graceMs: 100 })))
    },
  }
}

interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

async function answer(server: ExchangeTransport, asked: Asked, rest: ReadableStream<Uint8Array>, link: Link): Promise<void> {
  const life = new AbortController()
  // As text, because the faults of a simulator search in it.
  const body = await new Response(rest).text()
  void link.closed.then(() => life.abort(new Error('the gateway left')))
  let begun = false
  try {
    const request = { ...asked, ...(body === '' ? {} : { body }) }
    const reply = await server.exchange(request, { signal: life.signal })
    await link.write(new TextEncoder().encode(`${JSON.stringify({ status: reply.status, headers: reply.headers })}\n`))
    const reader = reply.body?.getReader()
    begun = true
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) await link.write(next.value)
    await link.end()
  } catch (error) {
    // The error that a transport at the gateway would give for such a server, if it has sent nothing yet.
    if (begun) return void (await link.close({ graceMs: 100 }))
    const { code, sent } = SignalboxError.is(error) ? error : { code: 'closed', sent: 'maybe' }
    await link.write(new TextEncoder().encode(`${JSON.stringify({ code, sent })}\n`)).catch(() => {})
    await link.end()
    await link.close({ graceMs: 100 })
  }
}

async function join(link: Link, rest: ReadableStream<Uint8Array>, server: Link): Promise<void> {
  const up = async (): Promise<void> => {
    const reader = rest.getReader()
    for (let next = await reader.read(); !next.done; next = await reader.read()) await server.write(next.value)
    await server.end()
  }
  const down = async (): Promise<void> => {
    for (let chunk = await server.read(); chunk !== null; chunk = await server.read()) await link.write(chunk)
    await link.end()
  }
  const carried = down().catch(() => link.close({ graceMs: 100 }))
  void up().catch(() => {})
  void link.closed.then(() => server.close({ graceMs: 100 }))
  await Promise.all([server.closed, carried])
  await link.close({ graceMs: 500 })
}
