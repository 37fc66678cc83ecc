/** Every source over the simulator of its system. */
import { describe } from 'vitest'
import { createCcc } from '../../src/ccc/index.js'
import { createCccc } from '../../src/cccc/index.js'
import { createClaude } from '../../src/claude/index.js'
import { createCmdop } from '../../src/cmdop/index.js'
import { cccSource, ccccSource, claudeSource, cmdopSource, hubSource } from '../../src/hub/index.js'
import { createScriptedSystem, sourceSuite } from '../../src/testing/hub/index.js'
import {
  createCcccSimulator,
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
      asking: { text: 'FAKE:write:/work/out.txt', answer: () => ({ option: 'allow' }) },
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
})
