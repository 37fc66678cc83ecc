/** The published clients that a row compares with. They are installed once, beside the other real peers, and not measured where that fails. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export type Peer = 'agent-sdk' | 'cccc-sdk' | 'cmdop-sdk'

const folderOf = (name: string): string => join(process.env.SIGNALBOX_PEERS_DIR ?? '/var/tmp/signalbox-peers', name)
const run = (command: string, args: readonly string[], cwd?: string): void =>
  void execFileSync(command, [...args], { stdio: 'pipe', timeout: 300_000, ...(cwd ? { cwd } : {}) })

interface Installed {
  readonly title: string
  readonly file: string
  install(): void
}

function pythonPeer(name: string, version: string, folderName: string): Installed {
  const folder = folderOf(folderName)
  return {
    title: `${name} ${version} for Python`,
    file: join(folder, 'bin/python'),
    install() {
      run('python3', ['-m', 'venv', folder])
      run(join(folder, 'bin/pip'), ['install', '--quiet', `${name}==${version}`])
    },
  }
}

const PEERS: Readonly<Record<Peer, Installed>> = {
  'agent-sdk': {
    title: '@anthropic-ai/claude-agent-sdk 0.3.332',
    file: join(folderOf('claude-agent-sdk-0.3.332'), 'node_modules/@anthropic-ai/claude-agent-sdk/sdk.mjs'),
    install() {
      const folder = folderOf('claude-agent-sdk-0.3.332')
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, 'package.json'), '{"private":true}\n')
      // Without the optional packages: they hold the CLI, and the rows start a simulated one.
      run('npm', ['i', '--no-audit', '--no-fund', '--silent', '--omit=optional', '@anthropic-ai/claude-agent-sdk@0.3.332'], folder)
    },
  },
  'cccc-sdk': pythonPeer('cccc-sdk', '0.4.41', 'cccc-sdk-0.4.41'),
  // The folder `cmdop-2.0.0` is the unpacked package, for its core.
  'cmdop-sdk': pythonPeer('cmdop', '2.0.0', 'cmdop-sdk-2.0.0'),
}

/** The file that a sample starts or imports. */
export const peerFile = (peer: Peer): string => PEERS[peer].file

/** Installs the peer if it is absent. Returns the reason when that is not possible. */
export function missingPeer(peer: Peer, mayInstall: boolean): string | undefined {
  const { file, title, install } = PEERS[peer]
  if (existsSync(file)) return undefined
  if (!mayInstall) return `${title} is not installed; npm run bench installs it`
  try {
    install()
    return existsSync(file) ? undefined : `${title} could not be installed`
  } catch {
    return `${title} could not be installed`
  }
}
