/**
 * What runs on this machine. Each system is asked one complete, harmless question: a bare connection kills an old CCCC daemon, and a file
 * that is there proves nothing. Finding something does not offer it.
 */
import { createCcc } from '../../../src/ccc/index.js'
import { createCcccCore } from '../../../src/cccc/small-client.js'
import { SignalboxError } from '../../../src/errors.js'
import type { StreamTransport } from '../../../src/transport.js'
import { fetchExchange } from '../../web/fetch-exchange.js'
import { claudeProcess } from '../claude/process.js'
import { findCore } from '../cmdop/binary.js'
import { upstreamOf, type UpstreamConfig } from '../gateway/upstreams.js'

export interface Detected {
  readonly name: string
  readonly config: UpstreamConfig
  /** What it said, in a few words; undefined where nothing usable is there. */
  readonly found?: string
  readonly why?: string
}

const PATIENCE_MS = 5_000
const CATSYPHON_URLS = ['http://localhost:8000', 'http://localhost:3000/api'] as const

type Environment = Readonly<Record<string, string | undefined>>

export async function detect(env: Environment = process.env): Promise<Detected[]> {
  const transportOf = async (config: UpstreamConfig): Promise<StreamTransport> =>
    (await upstreamOf(config, env)).transport as StreamTransport
  return Promise.all([
    look('ccc', { system: 'ccc' }, async (config) => {
      const client = createCcc({ transport: await transportOf(config), timeoutMs: PATIENCE_MS })
      return `answers, version ${(await client.ping()).version}`
    }),
    look('cccc', { system: 'cccc' }, async (config) => {
      const client = createCcccCore({ transport: await transportOf(config), timeoutMs: PATIENCE_MS })
      try {
        return `answers, version ${String((await client.call('ping', {})).version)}`
      } finally {
        await client.close()
      }
    }),
    look('claude', { system: 'claude' }, async () => `installed, version ${await claudeProcess().version()}`),
    // Not started: a core goes out to its relay with whatever credential it finds.
    look('cmdop', { system: 'cmdop' }, async () => `installed at ${await findCore({ binaryPath: undefined, env })}`),
    catsyphon(),
  ])
}

async function look(name: string, config: UpstreamConfig, ask: (config: UpstreamConfig) => Promise<string>): Promise<Detected> {
  try {
    return { name, config, found: await ask(config) }
  } catch (error) {
    return { name, config, why: SignalboxError.is(error) ? error.message : 'it did not answer as expected' }
  }
}

async function catsyphon(): Promise<Detected> {
  const attempts = await Promise.all(
    CATSYPHON_URLS.map((serverUrl) => look('catsyphon', { system: 'catsyphon', serverUrl }, () => askHealth(serverUrl))),
  )
  return attempts.find(({ found }) => found !== undefined) ?? (attempts[0] as Detected)
}

async function askHealth(baseUrl: string): Promise<string> {
  const signal = AbortSignal.timeout(PATIENCE_MS)
  const reply = await fetchExchange({ baseUrl, redirects: 'never', name: 'catsyphon' }).exchange(
    { method: 'GET', path: '/health' },
    { signal },
  )
  const { status, database } = JSON.parse(await new Response(reply.body as BodyInit | null).text()) as Record<string, unknown>
  // Other servers like these ports too.
  if (typeof status !== 'string' || typeof database !== 'string') throw new TypeError('not a CatSyphon server')
  return `answers at ${baseUrl}, ${status}`
}
