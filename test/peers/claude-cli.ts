/** The real CLIs from npm, and a home of their own whose only network is a local imitation of the Messages API. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { claudeProcess } from '../../transports/node/claude/process.js'
import { imitateMessagesApi, type Imitation } from '../claude/messages-api.js'
import type { GenerationName } from '../claude/recordings.js'

const folder = join(process.env.SIGNALBOX_PEERS_DIR ?? '/var/tmp/signalbox-peers', 'claude')
const arch = process.arch
const platform = `${process.platform}-${arch}`

/** About how much each needs, and where its executable is. */
export const PEERS = [
  {
    version: '2.0.76',
    name: '@anthropic-ai/claude-code',
    install: '2.0.76',
    megabytes: 100,
    file: '@anthropic-ai/claude-code/cli.js',
  },
  {
    version: '2.1.197',
    name: `@anthropic-ai/claude-code-${platform}`,
    install: '2.1.197',
    megabytes: 260,
    file: `@anthropic-ai/claude-code-${platform}/claude`,
  },
  {
    version: '2.1.329',
    name: `@anthropic-ai/claude-agent-sdk-${platform}`,
    install: '0.3.329',
    megabytes: 400,
    file: `@anthropic-ai/claude-agent-sdk-${platform}/claude`,
  },
  // The newest one, of which there are no recordings.
  {
    version: '2.1.332',
    name: `@anthropic-ai/claude-code-${platform}`,
    install: '2.1.332',
    megabytes: 400,
    file: `@anthropic-ai/claude-code-${platform}/claude`,
  },
] as const satisfies readonly {
  version: GenerationName | '2.1.332'
  name: string
  install: string
  megabytes: number
  file: string
}[]

function freeMegabytes(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return (bavail * bsize) / 1_048_576
}

/** The executable, installed at the first call; undefined without room on the disk. */
export async function installed(peer: (typeof PEERS)[number]): Promise<string | undefined> {
  const place = join(folder, peer.version)
  const file = join(place, 'node_modules', peer.file)
  if (existsSync(file)) return file
  mkdirSync(place, { recursive: true })
  if (freeMegabytes(place) < peer.megabytes * 2) return undefined
  writeFileSync(join(place, 'package.json'), '{"private":true}\n')
  await promisify(execFile)('npm', ['i', '--no-audit', '--no-fund', '--silent', `${peer.name}@${peer.install}`], {
    cwd: place,
    timeout: 500_000,
  })
  return file
}

/** A home for one CLI. */
export interface PeerHome {
  readonly home: string
  /** The working directory. */
  readonly work: string
  readonly configDir: string
  readonly api: Imitation
  /** The environment of a process that must reach nothing but the imitation. */
  readonly environment: { readonly inherit: { readonly drop: string[] }; readonly env: Readonly<Record<string, string>> }
  transport(path: string): ReturnType<typeof claudeProcess>
  close(): Promise<void>
}

/** Variables for a Claude CLI that reaches nothing but the imitation of its API. */
export const imitationEnvironment = (home: string, apiUrl: string) => ({
  HOME: home,
  CLAUDE_CONFIG_DIR: join(home, '.claude'),
  ANTHROPIC_API_KEY: 'sk-ant-imitation-key',
  ANTHROPIC_BASE_URL: apiUrl,
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_TELEMETRY: '1',
  DISABLE_ERROR_REPORTING: '1',
  DISABLE_AUTOUPDATER: '1',
})

/** Variables of this machine that must not reach the CLI. */
export const FOREIGN_VARIABLES = ['ANTHROPIC_*', 'CLAUDE_*', 'HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy']

/** Makes a home that is removed by its `close`. */
export async function peerHome(): Promise<PeerHome> {
  const api = await imitateMessagesApi()
  const home = mkdtempSync(join(tmpdir(), 'signalbox-claude-peer-'))
  const work = join(home, 'work')
  const configDir = join(home, '.claude')
  mkdirSync(work)
  writeFileSync(join(work, 'notes.txt'), 'one note\n')
  const environment = { inherit: { drop: FOREIGN_VARIABLES }, env: { ...imitationEnvironment(home, api.url), IS_SANDBOX: '1' } }
  return {
    home,
    work,
    configDir,
    api,
    environment,
    transport: (path) => claudeProcess({ path, cwd: work, ...environment }),
    async close() {
      await api.close()
      rmSync(home, { recursive: true, force: true })
    },
  }
}
