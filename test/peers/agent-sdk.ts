/** The agent SDK from npm without its executables: its type file for the names, and its functions for sessions on disk. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const VERSION = '0.3.332'
const folder = join(process.env.SIGNALBOX_PEERS_DIR ?? '/var/tmp/signalbox-peers', `claude-agent-sdk-${VERSION}`)
const home = join(folder, 'node_modules', '@anthropic-ai', 'claude-agent-sdk')

/** The functions of the agent SDK that the tests compare with. */
export interface AgentSdk {
  listSessions(options: { dir: string }): Promise<readonly Readonly<Record<string, unknown>>[]>
  getSessionMessages(sessionId: string, options: { dir: string }): Promise<readonly { readonly uuid: string }[]>
  listSubagents(sessionId: string, options: { dir: string }): Promise<readonly string[]>
  getSessionInfo(sessionId: string, options: { dir: string }): Promise<Readonly<Record<string, unknown>> | undefined>
  renameSession(sessionId: string, title: string, options: { dir: string }): Promise<void>
  tagSession(sessionId: string, tag: string | null, options: { dir: string }): Promise<void>
  archiveSession(sessionId: string, options: { dir: string }): Promise<void>
  forkSession(sessionId: string, options: { dir: string; upToMessageId?: string }): Promise<{ sessionId: string }>
}

/** Installs the agent SDK at the first call. */
export async function agentSdk(): Promise<{ readonly types: string; load(): Promise<AgentSdk> }> {
  const types = join(home, 'sdk.d.ts')
  if (!existsSync(types)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{"private":true}\n')
    const args = ['i', '--no-audit', '--no-fund', '--silent', '--omit=optional', '--legacy-peer-deps', '--ignore-scripts']
    await promisify(execFile)('npm', [...args, `@anthropic-ai/claude-agent-sdk@${VERSION}`], { cwd: folder, timeout: 300_000 })
  }
  const main = pathToFileURL(join(home, 'sdk.mjs')).href
  return { types, load: async () => (await import(main)) as AgentSdk }
}
