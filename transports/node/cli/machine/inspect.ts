/**
 * What runs on this machine. Each system is asked one complete, harmless question: a bare connection kills an old CCCC daemon, and a file
 * that exists proves nothing. Nothing is started, changed or offered.
 */
import { createCcc } from '../../../../src/ccc/index.js'
import { createCcccCore } from '../../../../src/cccc/index.js'
import { SignalboxError } from '../../../../src/errors.js'
import type { StreamTransport } from '../../../../src/transport.js'
import { findCore } from '../../cmdop/binary.js'
import { claudeProcess } from '../../claude/process.js'
import { upstreamOf, type UpstreamConfig } from '../../gateway/upstreams.js'
import { fetchExchange } from '../../../web/fetch-exchange.js'

export type System = 'ccc' | 'cccc' | 'claude' | 'cmdop' | 'catsyphon'
export const SYSTEMS: readonly System[] = ['ccc', 'cccc', 'claude', 'cmdop', 'catsyphon']

/** What was found of one system. */
export interface Finding {
  readonly system: System
  /** `absent`: it is not here. `broken`: it is here and does not work. */
  readonly status: 'works' | 'absent' | 'broken'
  readonly version?: string
  /** What was tried. */
  readonly tried: string
  /** What is wrong. */
  readonly problem?: string
  /** The command that repairs it. */
  readonly repair?: string
  /** How a gateway would reach it. */
  readonly config: UpstreamConfig
}

type Environment = Readonly<Record<string, string | undefined>>

interface Check {
  readonly tried: string
  readonly config: UpstreamConfig
  readonly install: string
  readonly start: string
  /** Gives the version. */
  ask(config: UpstreamConfig): Promise<string>
}

const PATIENCE_MS = 5_000
const CATSYPHON_URLS = ['http://localhost:8000', 'http://localhost:3000/api'] as const
const ABSENT: readonly string[] = ['not_found', 'unreachable', 'unsupported']

function checks(env: Environment, places: Places): Readonly<Record<Exclude<System, 'catsyphon'>, Check>> {
  const transportOf = async (config: UpstreamConfig): Promise<StreamTransport> =>
    (await upstreamOf(config, env)).transport as StreamTransport
  return {
    ccc: {
      tried: `ping on the socket ${places.ccc?.socket ?? '~/.ccc.sock'}`,
      config: { system: 'ccc', ...places.ccc },
      install: 'start the CCC server; it listens on ~/.ccc.sock',
      start: 'start the CCC server',
      async ask(config) {
        const client = createCcc({ transport: await transportOf(config), timeoutMs: PATIENCE_MS })
        return String((await client.ping()).version)
      },
    },
    cccc: {
      tried: `ping at the address in ${places.cccc?.home ?? 'CCCC_HOME'}`,
      config: { system: 'cccc', ...places.cccc },
      install: 'pip install cccc-pair && cccc daemon start',
      start: 'cccc daemon start',
      async ask(config) {
        const client = createCcccCore({ transport: await transportOf(config), timeoutMs: PATIENCE_MS })
        try {
          return String((await client.call('ping', {})).version)
        } finally {
          await client.close()
        }
      },
    },
    claude: {
      tried: `${places.claude?.path ?? 'claude'} --version`,
      config: { system: 'claude', ...places.claude },
      install: 'npm install -g @anthropic-ai/claude-code',
      start: 'claude doctor',
      ask: async () => String(await claudeProcess(places.claude?.path === undefined ? {} : { path: places.claude.path }).version()),
    },
    cmdop: {
      // The core is not started, because it would connect to its relay with the credential that it finds.
      tried: `looked for the executable ${places.cmdop?.binaryPath ?? 'cmdop-core'}`,
      config: { system: 'cmdop', ...places.cmdop },
      install: 'pip install cmdop',
      start: 'cmdop login',
      ask: async () => `at ${await findCore({ binaryPath: places.cmdop?.binaryPath, env })}`,
    },
  }
}

/** Where the configuration says that the systems are. What is left out is looked for at its usual place. */
export interface Places {
  readonly ccc?: { readonly socket?: string | undefined } | undefined
  readonly cccc?: { readonly home?: string | undefined } | undefined
  readonly claude?: { readonly path?: string | undefined } | undefined
  readonly cmdop?: { readonly binaryPath?: string | undefined } | undefined
}

/** Looks at one system. Never throws. */
export async function inspect(system: System, env: Environment = process.env, places: Places = {}): Promise<Finding> {
  if (system === 'catsyphon') return inspectCatsyphon()
  const { tried, config, install, start, ask } = checks(env, places)[system]
  return look(system, { tried, config, install, start, ask })
}

/** Looks at all systems at once. */
export const inspectAll = (env?: Environment, places?: Places): Promise<readonly Finding[]> =>
  Promise.all(SYSTEMS.map((system) => inspect(system, env, places)))

async function look(system: System, { tried, config, install, start, ask }: Check): Promise<Finding> {
  try {
    return { system, status: 'works', version: await ask(config), tried, config }
  } catch (error) {
    const absent = SignalboxError.is(error) && ABSENT.includes(error.code)
    const problem = error instanceof Error ? error.message : String(error)
    return { system, status: absent ? 'absent' : 'broken', tried, problem, repair: absent ? install : start, config }
  }
}

async function inspectCatsyphon(): Promise<Finding> {
  const attempts = await Promise.all(
    CATSYPHON_URLS.map((serverUrl) =>
      look('catsyphon', {
        tried: `GET ${CATSYPHON_URLS.map((url) => `${url}/health`).join(' and ')}`,
        config: { system: 'catsyphon', serverUrl },
        install: 'start the CatSyphon server, or name its address in the configuration',
        start: 'read the log of the CatSyphon server',
        ask: () => askHealth(serverUrl),
      }),
    ),
  )
  const best = attempts.find(({ status }) => status === 'works') ?? (attempts[0] as Finding)
  // Other programs use these ports too, so an answer of another kind does not mean a broken server.
  return best.status === 'broken' ? { ...best, status: 'absent' } : best
}

async function askHealth(baseUrl: string): Promise<string> {
  const transport = fetchExchange({ baseUrl, redirects: 'never', name: 'catsyphon' })
  const reply = await transport.exchange({ method: 'GET', path: '/health' }, { signal: AbortSignal.timeout(PATIENCE_MS) })
  const { status, database } = JSON.parse(await new Response(reply.body as BodyInit | null).text()) as Record<string, unknown>
  if (typeof status !== 'string' || typeof database !== 'string') throw new TypeError('The server is not a CatSyphon server.')
  return `at ${baseUrl}, ${status}`
}
