/** answer, deny, ask and cancel over a scripted system: questions, secrets, outcomes and exit codes. */
import { afterEach, describe, expect, test } from 'vitest'
import { createHub, type Hub } from '../../src/hub/index.js'
import { createScriptedSystem, type Script } from '../../src/testing/index.js'
import { run } from '../../transports/node/cli/program/run.js'
import { eventually } from '../eventually.js'
import { fakeTerminal } from './fake-terminal.js'
import { programOn } from './program-on.js'

const hubs: Hub[] = []
afterEach(async () => {
  for (const hub of hubs.splice(0)) await hub.close()
})

async function over(script: Script) {
  const system = createScriptedSystem({ script })
  const hub = await createHub({ sources: [system.source()] })
  hubs.push(hub)
  const go = programOn(hub)
  const asked = () => eventually(async () => (await hub.asks())[0] ?? expect.fail('no ask yet'))
  return { system, hub, go, asked }
}

const TARGET = {
  nativeId: 'q',
  kind: 'question',
  title: 'Where to?',
  questions: [
    {
      id: 'target',
      text: 'Which target?',
      options: [
        { id: 'stg', label: 'Staging' },
        { id: 'prod', label: 'Production' },
      ],
    },
  ],
} as const

/** Asks, then says what was answered. */
const asking =
  (ask: Parameters<Parameters<Script>[0]['ask']>[0]): Script =>
  async (turn) => {
    // The hub takes a second ask with the same id for the first one.
    turn.say(JSON.stringify((await turn.ask({ ...ask, nativeId: `${ask.nativeId}-${turn.prompt.promptId}` })) ?? null))
    turn.end()
  }

describe('answer', () => {
  test('an option by its id answers the only question; JSON from stdin and a person give the same [cli.answer]', async () => {
    const { hub, go, asked } = await over(asking(TARGET))
    const ways = [
      (id: string) => go(['answer', id, '--option', 'stg']),
      (id: string) => go(['answer', id, '--json'], fakeTerminal({ input: '{"answers": {"target": "stg"}}' })),
      (id: string) => go(['answer', id], fakeTerminal({ typed: ['staging'], canAsk: true })),
    ]
    for (const answer of ways) {
      const turn = hub.prompt('script/a', 'go')
      const { id } = await asked()
      expect((await answer(id)).code).toBe(0)
      expect(JSON.parse(await turn.text())).toMatchObject({ answers: { target: 'stg' } })
    }
  })

  test('a question with several choices takes them with commas, and --option takes one [cli.answer]', async () => {
    const several = { ...TARGET, questions: [{ ...TARGET.questions[0], multiple: true }] }
    const { hub, go, asked } = await over(asking(several))
    const first = hub.prompt('script/a', 'go')
    const shown = fakeTerminal({ typed: ['Staging, prod'], canAsk: true })
    expect((await go(['answer', (await asked()).id], shown)).code).toBe(0)
    expect(shown.complained()).toContain('stg Staging')
    expect(JSON.parse(await first.text())).toMatchObject({ answers: { target: ['stg', 'prod'] } })
    const second = hub.prompt('script/a', 'go')
    expect(await go(['answer', (await asked()).id, '--option', 'prod'])).toMatchObject({ code: 0 })
    expect(JSON.parse(await second.text())).toMatchObject({ answers: { target: 'prod' } })
  })

  test('an option is typed by its id or label; the error for another input says what is wrong, and an empty line leaves the ask open [cli.answer]', async () => {
    const { questions: _, ...plain } = TARGET
    const { hub, go, asked } = await over(asking({ ...plain, options: [{ id: 'x', label: 'The X', kind: 'choice' }] }))
    const left = hub.prompt('script/a', 'go')
    const { id } = await asked()
    expect(await go(['answer', id], fakeTerminal({ typed: [''], canAsk: true }))).toMatchObject({
      code: 1,
      err: expect.stringContaining('The question stays open.\n'),
    })
    expect(await go(['answer', id], fakeTerminal({ typed: ['the moon'], canAsk: true }))).toMatchObject({
      code: 2,
      err: expect.stringContaining('There is no option "the moon".'),
    })
    expect(await go(['answer', id], fakeTerminal({ typed: ['The X'], canAsk: true }))).toMatchObject({ code: 0 })
    expect(JSON.parse(await left.text())).toMatchObject({ option: 'x' })
  })

  test('a secret is read without echo, is in no output, and an empty one leaves the question open [cli.answer]', async () => {
    const { system, hub, go, asked } = await over(async (turn) => {
      await turn.ask({ nativeId: 's', kind: 'secret', title: 'PIN' })
      turn.end()
    })
    const turn = hub.prompt('script/a', 'go')
    const { id } = await asked()
    const hidden: unknown[] = []
    const typing = (pin: string | undefined) =>
      fakeTerminal({
        canAsk: true,
        prompt: async (_question, options) => {
          hidden.push(options.hidden)
          return pin
        },
      })
    expect(await go(['answer', id], typing(''))).toMatchObject({ code: 1 })
    expect(await go(['answer', id], typing(undefined))).toMatchObject({ code: 1 })
    const { code, out, err } = await go(['answer', id], typing('4711'))
    expect(code).toBe(0)
    expect(out + err).not.toContain('4711')
    expect(hidden).toEqual([true, true, true])
    await turn.end()
    expect(system.ledger.answers.at(-1)?.answer).toEqual({ secret: '4711' })
    // There is no option for a secret, and no argument that would take one.
    expect(await go(['answer', id, '4711'])).toMatchObject({ code: 2, out: '' })
    expect(await go(['answer', id, '--secret', '4711'])).toMatchObject({ code: 2 })
  })

  test('a wrong answer on stdin is refused, quotes nothing, and leaves the question open [cli.answer]', async () => {
    const { hub, go, asked } = await over(asking(TARGET))
    const turn = hub.prompt('script/a', 'go')
    const { id } = await asked()
    for (const input of ['', 'hunter2', 'null', '"hunter2"', '[]', '4711']) {
      const { code, out, err } = await go(['answer', id, '--json'], fakeTerminal({ input }))
      expect({ code, out, input }).toEqual({ code: 2, out: '', input })
      expect(err).not.toMatch(/hunter2|4711/)
    }
    expect(await go(['answer', id, '--option', 'moon'])).toMatchObject({ code: 2, out: '' })
    expect(await hub.asks()).toHaveLength(1)
    await turn.cancel()
  })

  test('a hostile id cannot leave the quotes of the printed command, and no control character reaches the screen [cli.printable]', async () => {
    const { hub, go, asked } = await over(async (turn) => {
      await Promise.race([turn.ask({ nativeId: `x'; touch y #\x1b[2J`, kind: 'question', title: 'A\x1b[2J' }), turn.whenCancelled])
      turn.end()
    })
    const ask = go(['ask', 'script/a', 'go'])
    const { id } = await asked()
    const printed = [(await go(['asks'])).out, (await go(['approve', id])).err]
    await hub.turn((await hub.asks())[0]?.turn ?? '').cancel()
    printed.push((await ask).err)
    for (const text of printed) {
      expect(text).toContain(`#x'\\''; touch y #\\x1b[2J'`)
      expect(text).not.toContain('\x1b')
    }
  })

  test('deny says no, and the message goes to the agent [cli.answer]', async () => {
    const { hub, go, asked } = await over(asking({ nativeId: 'p', kind: 'permission', title: 'Run make' }))
    const turn = hub.prompt('script/a', 'go')
    const { id } = await asked()
    const { code, out } = await go(['deny', id, '--message', 'Use the test database.', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ delivered: expect.any(String) })
    expect(JSON.parse(await turn.text())).toMatchObject({ accept: false, message: 'Use the test database.' })
    expect(await go(['deny', id])).toMatchObject({ code: 5, err: expect.stringContaining('signalbox asks lists the open ones.') })
  })

  test('a part of an id that fits several questions answers none of them [cli.answer]', async () => {
    const { hub, go } = await over(async (turn) => {
      await Promise.all([
        turn.ask({ nativeId: 'one', kind: 'permission', title: 'One' }),
        turn.ask({ nativeId: 'two', kind: 'permission', title: 'Two' }),
      ])
      turn.end()
    })
    const turn = hub.prompt('script/a', 'go')
    await eventually(async () => expect(await hub.asks()).toHaveLength(2))
    expect(await go(['approve', 'script/a'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('2 open questions fit script/a.'),
    })
    expect(await go(['approve', 'one'])).toMatchObject({ code: 0 })
    expect(await go(['deny', 'two'])).toMatchObject({ code: 0 })
    expect((await turn.end()).outcome).toBe('completed')
  })
})

describe('how a turn ends', () => {
  test.each([
    ['completed', 0, ''],
    ['unanswered', 6, 'The prompt was delivered, and no answer came.'],
    ['refused', 1, 'The agent refused.'],
    ['failed', 1, 'The turn failed.'],
    ['cancelled', 1, 'Cancelled.'],
    ['lost', 1, 'Nobody can find out what became of this prompt.'],
  ] as const)('a turn that is %s exits with %i [cli.exit-codes]', async (outcome, code, text) => {
    const { go } = await over((turn) => turn.end({ outcome }))
    const ended = await go(['ask', 'script/a', 'go'])
    expect(ended).toMatchObject({ code, out: '' })
    expect(ended.err).toContain(text)
    const json = await go(['ask', 'script/a', 'go', '--json'])
    expect(json).toMatchObject({ code, err: '' })
    expect(JSON.parse(json.out.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ kind: 'end', outcome })
  })

  test('for a question that cannot be answered here, the command that answers it is printed [cli.ask]', async () => {
    const { go, asked } = await over(asking(TARGET))
    const terminal = fakeTerminal()
    const going = go(['ask', 'script/a', 'go'], terminal)
    const { id } = await asked()
    await eventually(() =>
      expect(terminal.complained()).toContain(`The agent asks: Where to?\nAnswer it with: signalbox answer '${id}'`),
    )
    await go(['answer', id, '--option', 'prod'])
    expect((await going).code).toBe(0)
  })

  test('when another program answers a question first, a line says so, and the turn goes on [cli.inline]', async () => {
    const { go, hub, asked } = await over(asking({ nativeId: 'p', kind: 'permission', title: 'Run make' }))
    const terminal = fakeTerminal({
      canAsk: true,
      prompt: (_question, { signal }) =>
        new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
    })
    const going = go(['ask', 'script/a', 'go'], terminal)
    await hub.answer((await asked()).id, { accept: true }, { by: 'mira' })
    expect(await going).toMatchObject({ code: 0, err: expect.stringContaining('mira answered the question.') })
  })

  test('cancel stops a turn by its id and says how it ended, also as JSON [cli.send]', async () => {
    const { go } = await over(async (turn) => {
      await turn.whenCancelled
      turn.end()
    })
    expect(await go(['send', 'script/a', 'go', '--id', 'one'])).toMatchObject({ code: 0, out: 'one\n' })
    expect(await go(['cancel', 'one'])).toEqual({ code: 0, out: '', err: 'Cancelled.\n' })
    await go(['send', 'script/a', 'go', '--id', 'two'])
    const { out } = await go(['cancel', 'two', '--json'])
    expect(JSON.parse(out)).toMatchObject({ promptId: 'two', already: false, end: { outcome: 'cancelled' } })
  })

  test('a cancel whose reply is lost after the end of the turn is no failure [cli.interrupt]', async () => {
    const system = createScriptedSystem({
      async script(turn) {
        await turn.whenCancelled
        turn.end()
      },
    })
    const hub = await createHub({ sources: [system.source()] })
    hubs.push(hub)
    let finish = () => {}
    const over = new Promise<void>((resolve) => (finish = resolve))
    let fail = () => {}
    const failed = new Promise<void>((resolve) => (fail = resolve))
    const prompt: Hub['prompt'] = (...given) => {
      const turn = hub.prompt(...given)
      const cancel: typeof turn.cancel = async (options) => {
        await turn.cancel(options)
        await over
        setTimeout(fail)
        throw new Error('The link to the hub ended.')
      }
      return new Proxy(turn, {
        get: (target, key) => {
          if (key === 'cancel') return cancel
          const value: unknown = Reflect.get(target, key, target)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    }
    const terminal = fakeTerminal()
    const shared = { ...hub, prompt, close: async () => finish() }
    const ran = run(['ask', 'script/a', 'go'], { terminal, version: '0', openHub: async () => ({ hub: shared, shared: true }) })
    await eventually(() => expect(system.ledger.prompts).toHaveLength(1))
    terminal.interrupt()
    expect(await ran).toBe(130)
    await failed
    expect(terminal.complained()).toContain('Cancelled.')
    expect(terminal.complained()).not.toContain('could not be cancelled')
  })

  test('the same id is sent once, and send with --json prints one document [cli.send]', async () => {
    const { go, system } = await over((turn) => turn.end())
    for (let time = 0; time < 2; time += 1)
      expect(JSON.parse((await go(['send', 'script/a', 'go', '--id', 'same', '--json'])).out)).toEqual({
        promptId: 'same',
        agent: 'script/a',
      })
    expect(system.ledger.prompts).toHaveLength(1)
  })

  test('--while-busy takes three values, and the error for another value names them [cli.options]', async () => {
    const { go } = await over((turn) => turn.end())
    expect((await go(['ask', 'script/a', 'go', '--while-busy', 'refuse'])).code).toBe(0)
    expect(await go(['ask', 'script/a', 'go', '--while-busy', 'shout'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/queue.*refuse.*interrupt/),
    })
  })
})
