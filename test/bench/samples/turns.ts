/** Whole turns of Claude Code with a simulated CLI as a process: what they cost the host, with our client and with the agent SDK. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { peerFile } from '../peers.js'
import { timed, type Measured } from '../measure.js'

type Ask = (prompt: string) => AsyncIterable<{ readonly type: string }>

const built = (path: string): string => join(process.cwd(), 'dist', path)
const CLI = built('testing/fake-claude.js')
const env = { ...process.env, ANTHROPIC_API_KEY: 'sk-ant-simulated' }

async function ours(): Promise<Ask> {
  const [{ query }, { claudeProcess }] = (await Promise.all([import(built('claude.js')), import(built('node.js'))])) as [
    typeof import('../../../src/claude/index.js'),
    typeof import('../../../transports/node/index.js'),
  ]
  const transport = claudeProcess({ path: CLI, env })
  return (prompt) => query(prompt, { transport })
}

async function agentSdk(): Promise<Ask> {
  const { query } = (await import(pathToFileURL(peerFile('agent-sdk')).href)) as {
    query: (given: { prompt: string; options: object }) => AsyncIterable<{ type: string }>
  }
  return (prompt) => query({ prompt, options: { pathToClaudeCodeExecutable: CLI, executable: 'node', env } })
}

async function turn(ask: Ask): Promise<void> {
  let ended = false
  for await (const { type } of ask('Say hello.')) ended ||= type === 'result'
  if (!ended) throw new Error('the turn ended without a result')
}

const first =
  (open: () => Promise<Ask>): Measured =>
  () =>
    timed(async () => {
      await turn(await open())
      return 1
    })

const later =
  (open: () => Promise<Ask>): Measured =>
  async ({ count }) => {
    const ask = await open()
    await turn(ask)
    return await timed(async () => {
      for (let done = 0; done < count; done += 1) await turn(ask)
      return count
    })
  }

export const turnSamples = {
  claudeTurn: first(ours),
  claudeTurns: later(ours),
  agentSdkTurn: first(agentSdk),
  agentSdkTurns: later(agentSdk),
} satisfies Record<string, Measured>
