/** Every source over the simulator of its system. */
import { describe, expect, test, vi } from 'vitest'
import { acpSource } from '../../src/acp/index.js'
import { createCcc } from '../../src/ccc/index.js'
import { createCccc } from '../../src/cccc/index.js'
import { createClaude } from '../../src/claude/index.js'
import { createCmdop } from '../../src/cmdop/index.js'
import { cccSource, ccccSource, claudeSource, cmdopSource, createHub, hubSource } from '../../src/hub/index.js'
import { createScriptedSystem, sourceSuite } from '../../src/testing/hub/index.js'
import {
  createCcccSimulator,
  createAcpAgentSimulator,
  createCccSimulator,
  createClaudeSimulator,
  createCmdopCoreSimulator,
} from '../../src/testing/index.js'
import { registerCases } from '../register-cases.js'
import { hubOverLink } from './over-link.js'

describe('the scripted system', () => {
  registerCases(sourceSuite, async (run) => {
    const system = createScriptedSystem({
      script: async (turn) => {
        if (turn.prompt.text === 'ask') await turn.ask({ nativeId: 'q' })
        if (turn.prompt.text === 'last') await turn.whenCancelled
        turn.say(`echo: ${turn.prompt.text}`)
        turn.end()
      },
    })
    await run({
      source: system.source(),
      agent: 'script/a',
      prompt: { text: 'hi', answer: 'echo: hi' },
      asking: { text: 'ask', answer: () => ({ accept: true }) },
      lasting: 'last',
    })
  })
})

describe('CCC', () => {
  registerCases(sourceSuite, async (run) => {
    await using simulator = createCccSimulator({ sessions: [{ name: 'backend', running: true }], timeScale: 0.001 })
    await using client = createCcc({ transport: simulator.transport })
    await run({
      source: cccSource({ client, pollMs: 20, sessionsEveryMs: 200 }),
      agent: 'ccc/backend',
      prompt: { text: '[[reply the tests pass]]', answer: 'the tests pass' },
      lasting: '[[quiet 100000]] think for a long time',
    })
  })
})

describe('CCCC', () => {
  for (const dialect of ['B', 'C'] as const) {
    describe(`dialect ${dialect}`, () => {
      registerCases(sourceSuite, async (run) => {
        await using daemon = createCcccSimulator({ dialect })
        await using client = createCccc({ transport: daemon.transport })
        const { group_id: groupId } = await client.groups.create({ title: 'team' })
        await client.actors.add({ groupId, actorId: 'lead', runtime: 'custom', runner: 'headless' })
        // The actor answers whatever is said to it.
        await using said = await client.events({ groupId, kinds: ['chat.message'] })
        const answering = (async () => {
          for await (const item of said) {
            if (item.type !== 'event' || item.event.by === 'lead') continue
            await client.messages.reply({
              groupId,
              replyTo: item.event.id,
              by: 'lead',
              text: `lead says: ${String(item.event.data.text)}`,
            })
          }
        })()
        await run({
          source: ccccSource({ client, groupsEveryMs: 100 }),
          agent: `cccc/${groupId}:lead`,
          prompt: { text: 'are you there?', answer: 'lead says: are you there?' },
        })
        await said.close()
        await answering.catch(() => {})
      })
    })
  }
})

describe('Claude Code', () => {
  registerCases(sourceSuite, async (run) => {
    const simulator = createClaudeSimulator()
    await using client = createClaude({ transport: simulator.transport })
    await run({
      source: claudeSource({ client, agents: [{ name: 'review' }] }),
      agent: 'claude/review',
      prompt: { text: 'FAKE:multi:', answer: 'First block. Second block.' },
      asking: { text: 'FAKE:write:/workspace/out.txt', answer: () => ({ option: 'allow' }) },
      lasting: 'FAKE:sleep:600',
    })
  })
})

describe('CMDOP', () => {
  registerCases(sourceSuite, async (run) => {
    await using core = createCmdopCoreSimulator()
    await using client = createCmdop({ transport: core.transport })
    const { items } = await client.machines.list()
    await run({
      source: cmdopSource({ client }),
      agent: `cmdop/${items[0]?.id ?? ''}`,
      prompt: { text: '[[say one ]][[say two]]', answer: 'one two' },
      asking: { text: '[[confirm wipe the disk]][[say done]]', answer: () => ({ accept: true }) },
    })
  })
})

describe('CMDOP core 2.0', () => {
  registerCases(sourceSuite, async (run) => {
    await using core = createCmdopCoreSimulator({ version: '2.0.0' })
    await using client = createCmdop({ transport: core.transport, generation: 2 })
    const { items } = await client.machines.list()
    await run({
      source: cmdopSource({ client }),
      agent: `cmdop/${items[0]?.id ?? ''}`,
      prompt: { text: '[[say one ]][[say two]]', answer: 'one two' },
    })
  })
})

describe('ACP', () => {
  registerCases(sourceSuite, async (run) => {
    const simulated = createAcpAgentSimulator({
      stored: { old: [{ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'earlier' } }] },
      script: async ({ text, update, request, signal, sessionId }) => {
        if (text === 'ask') {
          await request('session/request_permission', {
            sessionId,
            toolCall: { toolCallId: 't', title: 'Edit' },
            options: [
              { optionId: 'yes', name: 'Allow', kind: 'allow_once' },
              { optionId: 'no', name: 'Reject', kind: 'reject_once' },
            ],
          })
        }
        if (text === 'last') {
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
          return 'cancelled'
        }
        for (const part of ['echo: ', text]) {
          await update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: part } })
        }
        return 'end_turn'
      },
    })
    await run({
      source: acpSource({ transport: simulated.transport, cwd: '/work' }),
      agent: 'acp/main',
      prompt: { text: 'hi', answer: 'echo: hi' },
      asking: { text: 'ask', answer: () => ({ accept: true }) },
      lasting: 'last',
    })
  })
})

describe('another hub', () => {
  registerCases(sourceSuite, async (run) => {
    const system = createScriptedSystem({
      script: async (turn) => {
        if (turn.prompt.text === 'ask') await turn.ask({ nativeId: 'q' })
        if (turn.prompt.text === 'last') await turn.whenCancelled
        turn.say(`echo: ${turn.prompt.text}`)
        turn.end()
      },
    })
    await using laptop = await hubOverLink({ sources: [system.source()] })
    await run({
      source: hubSource({ hub: laptop, name: 'laptop' }),
      agent: 'laptop:script/a',
      prompt: { text: 'hi', answer: 'echo: hi' },
      asking: { text: 'ask', answer: () => ({ accept: true }) },
      lasting: 'last',
    })
  })

  test('agents that have the name of their machine in front get it once, and are prompted and answered by that id [hub.shared.names]', async () => {
    const system = createScriptedSystem({
      name: 'laptop.script',
      script: async (turn) => {
        await turn.ask({ nativeId: 'q' })
        turn.say('done')
        turn.end()
      },
    })
    await using laptop = await createHub({ sources: [system.source()] })
    await using office = await createHub({ sources: [hubSource({ hub: laptop, name: 'laptop' })] })
    expect((await office.agents()).map(({ id }) => id)).toEqual(['laptop:script/a'])
    const turn = office.prompt('laptop:script/a', 'x')
    const [ask] = await vi.waitFor(async () => {
      const asks = await office.asks()
      expect(asks.map(({ agent }) => agent)).toEqual(['laptop:script/a'])
      return asks
    })
    await office.answer(ask?.id ?? '', { accept: true }, { by: 'ann' })
    expect(await turn.text()).toBe('done')
  })
})
