/** The real agent `@agentclientprotocol/claude-agent-acp` and the process that runs it. It needs Node 22 or newer: a Node of test/runtimes. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { acpProcess } from '../../transports/node/acp/process.js'
import { FOREIGN_VARIABLES, imitationEnvironment } from './claude-cli.js'

export const ACP_AGENT_VERSION = '0.101.0'
const place = join(process.env.SIGNALBOX_PEERS_DIR ?? '/var/tmp/signalbox-peers', `acp-${ACP_AGENT_VERSION}`)
const modules = join(place, 'node_modules')
const program = join(modules, '@agentclientprotocol/claude-agent-acp/dist/index.js')
const node = fileURLToPath(new URL('../runtimes/node_modules/node22/bin/node', import.meta.url))

export async function installAcpAgent(): Promise<void> {
  if (existsSync(program)) return
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, 'package.json'), '{"private":true}\n')
  await promisify(execFile)(
    'npm',
    ['i', '--no-audit', '--no-fund', '--silent', `@agentclientprotocol/claude-agent-acp@${ACP_AGENT_VERSION}`],
    { cwd: place, timeout: 500_000 },
  )
}

/** The version of the CLI that the agent brings along. */
export function acpAgentCli(): string {
  const about = JSON.parse(readFileSync(join(modules, '@anthropic-ai/claude-agent-sdk/package.json'), 'utf8')) as {
    readonly claudeCodeVersion?: string
    readonly version: string
  }
  return about.claudeCodeVersion ?? `agent-sdk ${about.version}`
}

/** Starts the agent in a home whose only network is an imitation of the Messages API. */
export const acpAgentProcess = (home: string, apiUrl: string, onStderr: (text: string) => void) =>
  acpProcess({
    command: node,
    args: [program],
    inherit: { drop: FOREIGN_VARIABLES },
    env: { ...imitationEnvironment(home, apiUrl), IS_SANDBOX: '1' },
    onStderr: (chunk) => onStderr(new TextDecoder().decode(chunk)),
  })
