#!/usr/bin/env node
/**
 * A fake `claude`: the simulator as an executable, to be started in place of the real CLI. FAKE_CLAUDE_VERSION is the version that it
 * imitates. FAKE_CLAUDE_RECORDING is the path of a recording to play instead of the scripted model. Sessions are files under
 * CLAUDE_CONFIG_DIR, in the format of the real CLI. Without a credential in its environment it acts as if it were logged in;
 * FAKE_CLAUDE_LOGGED_OUT=1 makes it act as the real CLI does without one.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { projectKey } from '../../../src/claude/launch/project-key.js'
import type { HistoryMessage, SimulatedSessions } from '../../../src/testing/claude/conversation.js'
import { generationOf } from '../../../src/testing/claude/generation.js'
import { runProcess } from '../../../src/testing/claude/process.js'
import { playRecording, type Recording } from '../../../src/testing/claude/replay.js'
import { isMainModule } from '../link/is-main-module.js'
import { processStdio } from '../link/stdio.js'

const { argv } = process
const CREDENTIALS = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN', 'FAKE_CLAUDE_LOGGED_OUT']
const env = CREDENTIALS.some((name) => process.env[name]) ? process.env : { ...process.env, ANTHROPIC_API_KEY: 'sk-ant-simulated' }

function fileSessions(): SimulatedSessions {
  const root = join(env.CLAUDE_CONFIG_DIR ?? join(homedir(), '.claude'), 'projects', projectKey(process.cwd()))
  const pathOf = (sessionId: string): string => join(root, `${sessionId}.jsonl`)
  return {
    get(sessionId) {
      if (!existsSync(pathOf(sessionId))) return undefined
      return readFileSync(pathOf(sessionId), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { message: HistoryMessage }).message)
    },
    set(sessionId, history) {
      mkdirSync(root, { recursive: true })
      let parentUuid: string | null = null
      const lines = history.map((message) => {
        const uuid = crypto.randomUUID()
        const line = {
          parentUuid,
          type: message.role,
          message,
          sessionId,
          cwd: process.cwd(),
          uuid,
          timestamp: new Date().toISOString(),
        }
        parentUuid = uuid
        return JSON.stringify(line)
      })
      writeFileSync(pathOf(sessionId), lines.map((line) => `${line}\n`).join(''))
    },
    latest() {
      if (!existsSync(root)) return undefined
      const byAge = readdirSync(root).sort((a, b) => statSync(join(root, b)).mtimeMs - statSync(join(root, a)).mtimeMs)
      return byAge[0]?.replace(/\.jsonl$/, '')
    },
  }
}

/** The path of this executable, for `claudeProcess({ path: fakeClaude })`. Importing the module starts nothing. */
export const fakeClaude: string = fileURLToPath(import.meta.url)

async function main(): Promise<void> {
  const link = processStdio()
  const killed = new AbortController()
  process.once('SIGTERM', () => killed.abort())
  const recording = env.FAKE_CLAUDE_RECORDING
  const probe = argv[2] === '--version' || argv[2] === 'auth'
  const exit =
    recording !== undefined && !probe
      ? await playRecording(JSON.parse(readFileSync(recording, 'utf8')) as Recording, { link, killed: killed.signal })
      : await runProcess({
          generation: generationOf(env.FAKE_CLAUDE_VERSION ?? '2.1.329'),
          args: argv.slice(2),
          env,
          link,
          sessions: fileSessions(),
          files: new Map(),
          cwd: process.cwd(),
          killed: killed.signal,
        })
  await link.end().catch(() => {})
  process.stderr.write(exit.stderr, () => process.exit(exit.exitCode ?? 0))
}

if (isMainModule(import.meta.url)) await main()
