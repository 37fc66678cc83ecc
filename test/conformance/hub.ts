/** The script of the hub over a simulator of every system. Needs no runtime: it runs in Node, Bun, Deno, workerd and in a page. */
import { acpSource } from '../../src/acp/index.js'
import { createCcc } from '../../src/ccc/index.js'
import { createCccc } from '../../src/cccc/index.js'
import { createClaude } from '../../src/claude/index.js'
import { createCmdop } from '../../src/cmdop/index.js'
import { cccSource, ccccSource, claudeSource, cmdopSource, createHub, type Hub, type Source } from '../../src/hub/index.js'
import type { Store } from '../../src/store/index.js'
import {
  createAcpAgentSimulator,
  createCccSimulator,
  createCcccSimulator,
  createClaudeSimulator,
  createCmdopCoreSimulator,
  type Case,
} from '../../src/testing/index.js'
import { replyAsLead } from './cccc-replies.js'
import { playScript, scriptTitle, type ScriptFacts, type Step } from './hub-script.js'

/** How the script reaches the hub. */
export interface HubScriptContext {
  /** Opens the store of the hub. Left out: memory. */
  openStore?(): Store | Promise<Store>
  /** A viewer of the hub, such as a client behind a link. Left out: the hub itself. */
  connect?(hub: Hub): Promise<{ readonly viewer: Hub; close(): Promise<void> }>
  /** Plays the script elsewhere, such as in a page. Left out: here, through the viewer. */
  play?(hub: Hub, facts: ScriptFacts): Promise<void>
}

/** One system with one agent. */
export interface ScriptedAgent extends Omit<ScriptFacts, 'cannot'> {
  readonly source: Source
  close(): PromiseLike<void>
}

/** A system that plays the script. */
export interface ScriptedSystem {
  readonly cannot: readonly Step[]
  open(): Promise<ScriptedAgent>
}

/** One case for each system. */
export const scriptCases = (systems: Readonly<Record<string, ScriptedSystem>>): readonly Case<HubScriptContext>[] =>
  Object.entries(systems).map(([name, { cannot, open }]) => ({
    id: 'hub.script',
    title: scriptTitle(name, cannot),
    async run({ openStore, connect, play }) {
      const { source, close, ...facts } = await open()
      const store = await openStore?.()
      const hub = await createHub({ sources: [source], ...(store ? { store } : {}) })
      const connected = await connect?.(hub)
      try {
        if (play) await play(hub, { ...facts, cannot })
        else await playScript({ ...facts, cannot }, connected?.viewer ?? hub)
      } finally {
        await connected?.close()
        await hub.close()
        await close()
        await store?.[Symbol.asyncDispose]()
      }
    },
  }))

const SYSTEMS: Readonly<Record<string, ScriptedSystem>> = {
  ccc: {
    cannot: ['answer'],
    async open() {
      const simulator = createCccSimulator({ sessions: [{ name: 'backend', running: true }], timeScale: 0.001 })
      const client = createCcc({ transport: simulator.transport })
      return {
        source: cccSource({ client, pollMs: 20, sessionsEveryMs: 200 }),
        agent: 'ccc/backend',
        prompt: { text: '[[reply the tests pass]]', answer: 'the tests pass' },
        lasting: '[[quiet 100000]] think for a long time',
        close: () => simulator[Symbol.asyncDispose](),
      }
    },
  },
  cccc: {
    cannot: ['answer', 'cancel', 'history'],
    async open() {
      const daemon = createCcccSimulator({ dialect: 'C' })
      const client = createCccc({ transport: daemon.transport })
      const { group_id: groupId = '' } = await client.groups.create({ title: 'team' })
      await client.actors.add({ groupId, actorId: 'lead', runtime: 'custom', runner: 'headless' })
      const stopReplies = await replyAsLead(client, groupId)
      return {
        source: ccccSource({ client, groupsEveryMs: 100 }),
        agent: `cccc/${groupId}:lead`,
        prompt: { text: 'are you there?', answer: 'lead says: are you there?' },
        async close() {
          await stopReplies()
          await client.close()
        },
      }
    },
  },
  claude: {
    cannot: ['history'],
    async open() {
      const client = createClaude({ transport: createClaudeSimulator().transport })
      return {
        source: claudeSource({ client, agents: [{ name: 'review' }] }),
        agent: 'claude/review',
        prompt: { text: 'FAKE:multi:', answer: 'First block. Second block.' },
        asking: { text: 'FAKE:write:/workspace/out.txt', answer: { option: 'allow' } },
        lasting: 'FAKE:sleep:600',
        close: () => client.close(),
      }
    },
  },
  cmdop: {
    cannot: ['cancel'],
    async open() {
      const core = createCmdopCoreSimulator()
      const client = createCmdop({ transport: core.transport })
      const { items } = await client.machines.list()
      return {
        source: cmdopSource({ client }),
        agent: `cmdop/${items[0]?.id ?? ''}`,
        prompt: { text: '[[say one ]][[say two]]', answer: 'one two' },
        asking: { text: '[[confirm wipe the disk]][[say done]]', answer: { accept: true } },
        async close() {
          await client.close()
          await core[Symbol.asyncDispose]()
        },
      }
    },
  },
  acp: {
    cannot: [],
    async open() {
      const simulated = createAcpAgentSimulator({
        stored: { old: [{ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'earlier' } }] },
        script: async ({ text, update, request, signal, sessionId }) => {
          const options = [{ optionId: 'yes', name: 'Allow', kind: 'allow_once' }]
          const toolCall = { toolCallId: 't', title: 'Edit' }
          if (text === 'ask') await request('session/request_permission', { sessionId, toolCall, options })
          if (text === 'last') {
            await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
            return 'cancelled'
          }
          await update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: `echo: ${text}` } })
          return 'end_turn'
        },
      })
      return {
        source: acpSource({ transport: simulated.transport, cwd: '/work' }),
        agent: 'acp/main',
        prompt: { text: 'hi', answer: 'echo: hi' },
        asking: { text: 'ask', answer: { option: 'yes' } },
        lasting: 'last',
        async close() {},
      }
    },
  },
}

/** One case for each system, over its simulator. */
export const hubScript: readonly Case<HubScriptContext>[] = scriptCases(SYSTEMS)
