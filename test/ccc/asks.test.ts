/** Asks and sends: the owner of an answer, the outcome without an answer, and the queue of a prompt line. */
import { describe, expect, test } from 'vitest'
import { createCcc, type Ccc, type CccChecks, type CccSendError, type AskResult, type Receipt } from '../../src/ccc/index.js'
import { createCccSimulator, createFakeClock } from '../../src/testing/index.js'
import { bench, failure } from './kit.js'

const session = 'myproject'
const brief = (result: AskResult): unknown =>
  result.outcome === 'answered' ? [result.response, result.attribution] : result.outcome
const typed = ({ ledger }: { ledger: readonly { effect: string; text: string }[] }): string[] =>
  ledger.filter(({ effect }) => effect === 'typed').map(({ text }) => text)

describe('whose answer it is', () => {
  test('[ccc.ask.attribution] an answer after exactly one message is own', async () => {
    const { ccc, play } = bench()
    expect(brief(await play(ccc.ask({ session, text: 'a [[reply A]]' })))).toEqual(['A', 'own'])
  })

  test('[ccc.ask.attribution] two clients that ask one session at the same time share one answer', async () => {
    const { ccc, simulator, clock, play } = bench()
    const other = createCcc({ transport: simulator.transport, clock })
    const both = await play(
      Promise.all([ccc.ask({ session, text: 'one [[reply A]]' }), other.ask({ session, text: 'two [[reply B]]' })]),
    )
    // A client cannot prevent this, so it must report it.
    expect(both.map(brief)).toEqual([
      ['B', 'shared'],
      ['B', 'shared'],
    ])
  })

  test('[ccc.ask.early-return] an agent that looks idle while it works gives no answer to this ask or the next', async () => {
    const { ccc, clock, play } = bench()
    const early = await play(ccc.ask({ session, text: 'slow [[quiet 20]] [[reply SLOW]]' }))
    expect(early).toMatchObject({ outcome: 'unanswered', receipt: { session } })
    const next = await play(ccc.ask({ session, text: 'quick [[quiet 5]] [[reply QUICK]]' }))
    // The hook of the first ask runs after the second started and finds no answer; the later answer then follows both messages.
    expect(brief(next)).toBe('unanswered')
    await clock.advance(30_000)
    for (const { receipt } of [early, next]) {
      expect(await play(ccc.resolve(receipt))).toMatchObject({ outcome: 'answered', response: 'QUICK', attribution: 'shared' })
    }
  })

  test('[ccc.ask.early-return] resolve finds an answer that came late', async () => {
    const { ccc, clock, play } = bench()
    const early = await play(ccc.ask({ session, text: 'slow [[quiet 20]] [[reply SLOW]]' }))
    await clock.advance(30_000)
    expect(await play(ccc.resolve(early.receipt))).toMatchObject({ outcome: 'answered', response: 'SLOW', attribution: 'own' })
  })

  test('[ccc.ask.attribution] an answer that the history shows after another message is foreign', async () => {
    const { ccc, simulator, play } = bench()
    const hour = new Date(simulator.history.touchedAt(101) * 1000 + 1_767_225_600_000).toISOString().slice(0, 13).replace('T', '-')
    simulator.history.write(101, hour, [
      JSON.stringify({ id: 1, ts: 1, from: 'api', text: 'earlier', agent: 'api' }),
      // Its time is later than that of the next question, so the server takes it for the answer to that question.
      JSON.stringify({ id: 1, ts: 9_999_999_999, from: 'claude', text: 'EARLIER' }),
    ])
    const late = await play(ccc.ask({ session, text: 'mine [[nohook]]' }))
    expect(brief(late)).toEqual(['EARLIER', 'foreign'])
  })

  test('[ccc.ask.attribution] without a check of the history, or with an unreadable history, an answer is unverified', async () => {
    const { ccc, simulator, play } = bench()
    expect(brief(await play(ccc.ask({ session, text: 'a [[reply A]]', verify: false })))).toEqual(['A', 'unverified'])
    simulator.faults.answerWith = ({ cmd }) => (cmd === 'history' ? 'failed to read history: x' : undefined)
    expect(brief(await play(ccc.ask({ session, text: 'b [[reply B]]' })))).toEqual(['B', 'unverified'])
    simulator.faults.hangUp = ({ cmd }) => (cmd === 'history' ? 'before' : undefined)
    expect(brief(await play(ccc.ask({ session, text: 'c [[reply C]]' })))).toEqual(['C', 'unverified'])
  })
})

describe('a backlog', () => {
  /** A and B are sent. The turn of A has ended, and the turn of B still runs. */
  async function behindTwo() {
    const setup = bench()
    const { ccc, clock, play } = setup
    await play(ccc.send({ session, text: 'a [[sleep 8]] [[reply A]]' }))
    await play(ccc.send({ session, text: 'b [[sleep 20]] [[reply B]]' }))
    await clock.advance(10_000)
    expect((await play(ccc.history({ session }))).map(({ from }) => from)).toEqual(['api', 'api', 'claude'])
    return setup
  }

  test('[ccc.ask.backlog] after an unanswered message, the first answer to sendAndWait is not own', async () => {
    const { ccc, play } = await behindTwo()
    expect(brief(await play(ccc.sendAndWait({ session, text: 'c [[reply C]]' })))).toEqual(['B', 'shared'])
  })

  test('[ccc.ask.backlog] after an unanswered message, the answer to ask is not own', async () => {
    const { ccc, play } = await behindTwo()
    const result = await play(ccc.ask({ session, text: 'c [[sleep 1]] [[reply C]]' }))
    expect(result).toMatchObject({ outcome: 'answered', attribution: 'shared' })
  })

  test('[ccc.ask.backlog] for several answers after several messages, resolve calls none of them own', async () => {
    const { ccc, simulator, play } = bench()
    const entry = (from: string, text: string): string => JSON.stringify({ id: 1, ts: 1, from, text, agent: 'api' })
    const lines = [
      entry('api', 'a'),
      entry('api', 'b'),
      entry('claude', 'A'),
      entry('api', 'c'),
      entry('claude', 'B'),
      entry('claude', 'C'),
    ]
    simulator.history.write(101, '2026-01-01-00', lines)
    const resolved = (text: string) => play(ccc.resolve({ session, text, from: 'api', sentAtMs: 1_000 }))
    for (const text of ['a', 'b', 'c']) {
      expect(await resolved(text)).toMatchObject({ outcome: 'answered', attribution: 'shared' })
    }
    // No answer is skipped.
    expect(await resolved('c')).toMatchObject({ answers: [{ text: 'B' }, { text: 'C' }] })
  })

  test('[ccc.ask.backlog] when every message has its answer, the next answer is own again', async () => {
    const { ccc, clock, play } = await behindTwo()
    await clock.advance(60_000)
    expect(brief(await play(ccc.sendAndWait({ session, text: 'c [[reply C]]' })))).toEqual(['C', 'own'])
  })

  test('[ccc.ask.backlog] a message that never reached the agent makes every later answer shared', async () => {
    const { ccc, simulator, play } = bench()
    // The server stored this message and never typed it.
    simulator.history.write(101, '2026-01-01-00', [JSON.stringify({ id: 1, ts: 1, from: 'api', text: 'lost', agent: 'api' })])
    for (const reply of ['A', 'B', 'C']) {
      expect(brief(await play(ccc.ask({ session, text: `${reply} [[reply ${reply}]]` })))).toEqual([reply, 'shared'])
    }
  })

  test('[ccc.ask.backlog] an answer that repeats the marker of the text is own, also after messages without an answer', async () => {
    const { ccc, clock, play } = await behindTwo()
    const text = 'c, end with run-417 [[reply C run-417]]'
    const { receipt } = await play(ccc.sendAndWait({ session, text, marker: 'run-417' }))
    const other = await play(ccc.send({ session, text: 'd [[reply D]]', marker: 'run-418' }))
    await clock.advance(60_000)
    expect(await play(ccc.resolve(receipt))).toMatchObject({ outcome: 'answered', response: 'C run-417', attribution: 'own' })
    // The author alone carries this marker, so the agent never saw it.
    expect(await play(ccc.resolve(other.receipt))).toMatchObject({ outcome: 'answered', attribution: 'shared' })
  })

  test('[ccc.ask.backlog] after a first entry without an answer the next answer is not proven own', async () => {
    const { ccc, clock, simulator, play } = bench()
    const { receipt } = await play(ccc.send({ session, text: 'a [[reply Session ended]]' }))
    await clock.advance(5_000)
    simulator.enter(session, 'by hand [[reply H]]')
    await clock.advance(10_000)
    expect(await play(ccc.resolve(receipt))).toMatchObject({ outcome: 'answered', response: 'H', attribution: 'unverified' })
  })

  test.each([
    ['an unanswered message among the oldest of 600 entries', 1, 'shared'],
    ['600 entries in which each message has its answer', 0, 'own'],
    ['more entries than are ever read', 20_000, 'unverified'],
  ] as const)('[ccc.ask.backlog] %s: the whole history is checked, not only its end', async (_what, more, attribution) => {
    const { ccc, simulator, play } = bench()
    const entry = (from: string, text: string): string => JSON.stringify({ id: 1, ts: 1, from, text })
    const pairs = Array.from({ length: 300 }, (_, n) => [entry('api', `q${n}`), entry('claude', `a${n}`)]).flat()
    const old = more > 1 ? Array.from({ length: more / 2 }, () => [entry('api', 'q'), entry('claude', 'a')]).flat() : []
    const lost = more === 1 ? [entry('api', 'lost')] : []
    simulator.history.write(101, '2026-01-01-00', [...lost, ...old, ...pairs])
    expect(brief(await play(ccc.ask({ session, text: 'x [[reply A]]' })))).toEqual(['A', attribution])
  })

  test.each(['january', 'february'] as const)('[ccc.ask.backlog] on a server of %s 2026 no answer is own', async (generation) => {
    const { ccc, play } = bench({ generation })
    const asked = await play(ccc.ask({ session, text: 'a [[reply A]]' }))
    expect(asked).toMatchObject({ outcome: 'answered', attribution: 'unverified' })
    // The answer is a copy of the screen, with its earlier content.
    expect(asked.outcome === 'answered' && asked.response).toContain('> a [[reply A]]\n\u25cf A')
    expect(await play(ccc.resolve(asked.receipt))).toMatchObject({ response: 'A', attribution: 'unverified' })
    const sent = await play(ccc.sendAndWait({ session: 'backend', text: 'b [[reply B]]' }))
    expect(brief(sent)).toEqual(['B', 'unverified'])
  })

  test('[ccc.ask.backlog] on a server without a version no answer is own', async () => {
    const { ccc, simulator, play } = bench()
    simulator.faults.hangUp = ({ cmd }) => (cmd === 'ping' ? 'before' : undefined)
    expect(brief(await play(ccc.ask({ session, text: 'a [[reply A]]' })))).toEqual(['A', 'unverified'])
  })
})

describe('no answer', () => {
  test.each([
    ['without a hook', 'x [[nohook]]', session],
    ['in a session without a topic', 'x [[reply A]]', 'notopic'],
    ['of 70,000 characters, which the history cannot show', 'x [[big 70000]]', session],
    ['that is the hook\u2019s word for none', 'x [[reply Session ended]]', session],
  ])('[ccc.ask.unanswered-reasons] %s is an outcome, not an empty answer', async (_why, text, name) => {
    const { ccc, play } = bench()
    const result = await play(ccc.ask({ session: name, text }))
    expect(result).toMatchObject({ outcome: 'unanswered', receipt: { session: name, text } })
    expect(result).not.toHaveProperty('response')
    expect(result.durationMs).toBeGreaterThan(6_000)
  })

  test('[ccc.ask.oversize] a line over 64 KiB hides the rest of its hour, and resolve reports it', async () => {
    const { ccc, simulator, clock, play } = bench()
    await play(ccc.ask({ session, text: 'before [[reply ok]]' }))
    await play(ccc.ask({ session, text: 'x [[big 70000]]' }))
    const blind = await play(ccc.ask({ session, text: 'next [[reply A]]' }))
    expect(blind.outcome).toBe('unanswered')
    await clock.advance(120_000)
    expect(await play(ccc.resolve(blind.receipt))).toEqual({ outcome: 'unknown', reason: 'hidden' })
    expect(simulator.ledger.filter(({ effect, text }) => effect === 'answered' && text === 'A')).toHaveLength(1)
  })

  test('[ccc.ask.crash] just after a crash the text goes to the shell and stays unanswered; continue repairs the session', async () => {
    const { ccc, simulator, play } = bench()
    simulator.crash(session)
    expect(brief(await play(ccc.ask({ session, text: 'echo typed into a shell' })))).toBe('unanswered')
    expect(simulator.ledger.filter(({ effect }) => effect === 'shell').map(({ text }) => text)).toEqual(['echo typed into a shell'])
    await play(ccc.continue({ session }))
    // The message before was never answered, so every later answer may be the answer to the message before its own.
    expect(brief(await play(ccc.ask({ session, text: 'again [[reply A]]' })))).toEqual(['A', 'shared'])
    expect(brief(await play(ccc.ask({ session, text: 'more [[reply B]]' })))).toEqual(['B', 'shared'])
  })

  test('[ccc.ask.deadline] the default deadline is longer than the limit of the server, so its timeout answer arrives', async () => {
    const { ccc, clock, play } = bench()
    const began = clock.monotonic()
    const error = await play(failure(ccc.ask({ session: 'asleep', text: 'long [[sleep 400]]' })))
    expect(error).toMatchObject({ code: 'deadline_exceeded', sent: 'yes', remoteCode: 'timeout waiting for response' })
    expect(clock.monotonic() - began).toBeGreaterThan(300_000)
  })

  test('[ccc.ask.deadline] a deadline and an abort give an error whose receipt resolves', async () => {
    const { ccc, clock, play } = bench()
    const late = (await play(failure(ccc.ask({ session, text: 'a [[sleep 60]] [[reply A]]', timeoutMs: 5_000 })))) as CccSendError
    expect(late).toMatchObject({ name: 'CccSendError', code: 'deadline_exceeded', sent: 'maybe' })
    const controller = new AbortController()
    const aborted = failure(ccc.ask({ session: 'backend', text: 'b [[reply B]]', signal: controller.signal }))
    await clock.advance(1_000)
    controller.abort(new Error('enough'))
    const error = (await play(aborted)) as CccSendError
    expect(error).toMatchObject({ code: 'aborted', sent: 'maybe', cause: new Error('enough') })
    await clock.advance(90_000)
    // The server did not notice that the client left.
    expect(await play(ccc.resolve(late))).toMatchObject({ outcome: 'answered', response: 'A' })
    expect(await play(ccc.resolve(error.receipt))).toMatchObject({ outcome: 'answered', response: 'B' })
  })

  test('[ccc.ask.disconnect] a connection that ends gives sent: maybe, and the history shows the outcome', async () => {
    const { ccc, simulator, clock, play } = bench()
    simulator.faults.hangUp = ({ text }) => (text.startsWith('before') ? 'before' : text.startsWith('after') ? 'after' : undefined)
    const before = (await play(failure(ccc.send({ session, text: 'before' })))) as CccSendError
    const after = (await play(failure(ccc.send({ session, text: 'after' })))) as CccSendError
    expect([before, after].map(({ code, sent }) => [code, sent])).toEqual([
      ['closed', 'maybe'],
      ['closed', 'maybe'],
    ])
    await clock.advance(61_000)
    expect((await play(ccc.resolve(before))).outcome).toBe('not_stored')
    expect((await play(ccc.resolve(after))).outcome).toBe('answered')
    expect(typed(simulator)).toEqual(['after'])
  })
})

describe('text that the history cannot hold', () => {
  test.each([
    ['signs that take six bytes each in the file', { text: '<'.repeat(11_000) }],
    ['control characters', { text: '\u001b'.repeat(11_000) }],
    ['an author of 66,000 characters', { text: 'x', from: 'a'.repeat(66_000) }],
  ])('[ccc.text.history-line] %s is refused, because it would hide the rest of the hour', async (_what, given) => {
    const { ccc, simulator, play } = bench()
    expect(await play(failure(ccc.send({ session, ...given })))).toMatchObject({ code: 'too_large', sent: 'no', system: 'ccc' })
    // The server would accept it, and could not read later entries.
    await play(ccc.call('send', { session, ...given }))
    expect(await play(ccc.history({ session }))).toEqual([])
    expect(simulator.ledger.filter(({ effect }) => effect === 'stored')).toHaveLength(1)
  })

  test('[ccc.text.history-line] a text that just fits is stored whole', async () => {
    const { ccc, play } = bench()
    await play(ccc.send({ session, text: '&'.repeat(10_890), from: 'a'.repeat(50) }))
    expect((await play(ccc.history({ session })))[0]?.text).toHaveLength(10_890)
  })
})

describe('one prompt line', () => {
  test('[ccc.ask.queue] asks and sends to sessions that share a tmux session wait for each other', async () => {
    const { ccc, simulator, clock, play } = bench()
    for (const name of ['money/shop', 'other/shop']) simulator.configure({ name })
    simulator.start('money/shop')
    const first = ccc.ask({ session: 'money/shop', text: 'one [[sleep 10]]' })
    const second = ccc.send({ session: 'other/shop', text: 'two' })
    const elsewhere = ccc.send({ session: 'backend', text: 'three' })
    await clock.advance(5_000)
    expect(typed(simulator)).toEqual(['one [[sleep 10]]', 'three'])
    await play(Promise.all([first, second, elsewhere]))
    expect(typed(simulator)).toEqual(['one [[sleep 10]]', 'three', 'two'])
  })

  test('[ccc.ask.queue] a session with the same name on another machine has its own prompt line', async () => {
    const { ccc, simulator, clock, play } = bench({ hosts: { laptop: 'client' } })
    simulator.configure({ name: 'laptop:code/backend', host: 'laptop' })
    simulator.start('laptop:code/backend')
    const first = ccc.ask({ session: 'backend', text: 'here [[sleep 30]]' })
    const second = ccc.send({ session: 'laptop:code/backend', text: 'there' })
    await clock.advance(5_000)
    expect(typed(simulator)).toEqual(['here [[sleep 30]]', 'there'])
    await play(Promise.all([first, second]))
  })

  test('[ccc.ask.queue] with queue: false a send goes at once', async () => {
    const { ccc, simulator, clock, play } = bench()
    const ask = ccc.ask({ session, text: 'one [[sleep 30]]' })
    await clock.advance(5_000)
    await play(ccc.send({ session, text: 'now', queue: false }))
    expect(typed(simulator)).toEqual(['one [[sleep 30]]', 'now'])
    await play(ask)
  })

  test('[ccc.ask.queue] a call that is aborted in the queue fails with sent: no, and delays no other call', async () => {
    const { ccc, simulator, clock, play } = bench()
    const first = ccc.ask({ session, text: 'one [[sleep 30]]' })
    const late = failure(ccc.ask({ session, text: 'two', timeoutMs: 1_000 }))
    const controller = new AbortController()
    const left = failure(ccc.send({ session, text: 'three', signal: controller.signal }))
    const last = ccc.send({ session, text: 'four' })
    await clock.advance(2_000)
    controller.abort()
    expect(await late).toMatchObject({ code: 'deadline_exceeded', sent: 'no', op: 'ask', system: 'ccc' })
    expect(await left).toMatchObject({ code: 'aborted', sent: 'no', op: 'send' })
    await play(Promise.all([first, last]))
    expect(typed(simulator)).toEqual(['one [[sleep 30]]', 'four'])
  })

  test('[ccc.ask.queue] timeoutMs includes the wait: the call gets the rest, and the receipt has the time of the call', async () => {
    const left: number[] = []
    const { ccc, clock, play } = bench(
      {},
      {
        interceptors: [
          async (call, next) => {
            if (call.op === 'send') left.push(call.remainingMs?.() ?? Number.NaN)
            return next(call)
          },
        ],
      },
    )
    const first = ccc.ask({ session, text: 'one [[sleep 10]]' })
    const second = play(ccc.send({ session, text: 'two', timeoutMs: 60_000 }))
    await play(first)
    const began = clock.now()
    const { receipt } = await second
    expect(left).toHaveLength(1)
    expect(left[0]).toBeLessThan(50_000)
    expect(left[0]).toBeGreaterThan(30_000)
    expect(receipt.sentAtMs).toBeGreaterThan(began - 20_000)
    expect(receipt.sentAtMs).toBeGreaterThan(clock.now() - 5_000)
  })

  test('[ccc.ask.queue] waiting does not use up the default deadline', async () => {
    const { ccc, simulator, play } = bench()
    const asks = [1, 2, 3].map((n) => ccc.ask({ session, text: `${n} [[sleep 200]]` }))
    expect((await play(Promise.all(asks))).map(({ outcome }) => outcome)).toEqual(['answered', 'answered', 'answered'])
    expect(typed(simulator)).toHaveLength(3)
  })
})

describe('sendAndWait', () => {
  test('[ccc.send.wait-outlives] the answer is found although the pane looks idle, and although polls fail', async () => {
    const { ccc, simulator, play } = bench()
    let polls = 0
    simulator.faults.hangUp = ({ cmd }) => {
      if (cmd !== 'history') return undefined
      polls += 1
      return polls < 4 ? 'before' : undefined
    }
    const result = await play(ccc.sendAndWait({ session, text: 'x [[quiet 30]] [[reply A]]' }))
    expect(brief(result)).toEqual(['A', 'own'])
    expect(polls).toBeGreaterThan(10)
  })

  test('[ccc.send.wait-outlives] a deadline gives unanswered with a receipt; an abort gives an error with sent: yes', async () => {
    const { ccc, clock, play } = bench()
    const late = await play(ccc.sendAndWait({ session, text: 'x [[quiet 60]] [[reply A]]', timeoutMs: 20_000 }))
    expect(late).toMatchObject({ outcome: 'unanswered', receipt: { messageId: 1 } })
    const controller = new AbortController()
    const aborted = failure(ccc.sendAndWait({ session: 'backend', text: 'y [[quiet 60]]', signal: controller.signal }))
    await clock.advance(10_000)
    controller.abort()
    expect(await play(aborted)).toMatchObject({ code: 'aborted', sent: 'yes', receipt: { messageId: 2 } })
    await clock.advance(90_000)
    expect(await play(ccc.resolve(late.receipt))).toMatchObject({ outcome: 'answered', response: 'A' })
    expect(clock.timers).toBe(0)
  })

  test('[ccc.send.wait-outlives] without timeoutMs it waits as long as an ask, and no longer', async () => {
    const { ccc, clock, play } = bench()
    const began = clock.monotonic()
    const late = await play(ccc.sendAndWait({ session, text: 'x [[sleep 500]]' }))
    expect(late.outcome).toBe('unanswered')
    expect(clock.monotonic() - began).toBe(345_000)
  })

  test('[ccc.send.wait-outlives] with timeoutMs 0 it waits without a limit until the answer arrives', async () => {
    const { ccc, clock, play } = bench()
    expect(brief(await play(ccc.sendAndWait({ session, text: 'x [[quiet 400]] [[reply A]]', timeoutMs: 0 })))).toEqual(['A', 'own'])
    expect(clock.monotonic()).toBeGreaterThan(400_000)
  })

  test('[ccc.send.wait-outlives] a session without a topic is unanswered at once, because its history never shows anything', async () => {
    const { ccc, clock, play } = bench()
    expect((await play(ccc.sendAndWait({ session: 'notopic', text: 'x' }))).outcome).toBe('unanswered')
    expect(clock.monotonic()).toBeLessThan(10_000)
  })

  test('[ccc.send.id-misses] the history after the id of a send does not contain the answer', async () => {
    const { ccc, clock, play } = bench()
    const { messageId } = await play(ccc.send({ session, text: 'x [[reply A]]' }))
    await clock.advance(10_000)
    expect(await play(ccc.history({ session, after: messageId as number }))).toEqual([])
    expect((await play(ccc.history({ session }))).map(({ id, from }) => [id, from])).toEqual([
      [1, 'api'],
      [1, 'claude'],
    ])
  })
})

describe('resolve', () => {
  test('[ccc.resolve.equal-texts] an equal earlier message is not mistaken for this one', async () => {
    const { ccc, clock, simulator, play } = bench()
    await play(ccc.ask({ session, text: 'continue' }))
    await clock.advance(60_000)
    simulator.faults.hangUp = ({ cmd }) => (cmd === 'ask' ? 'before' : undefined)
    const lost = (await play(failure(ccc.ask({ session, text: 'continue' })))) as CccSendError
    await clock.advance(61_000)
    expect(await play(ccc.resolve(lost))).toEqual({ outcome: 'unknown', reason: 'clocks' })
  })

  test('[ccc.resolve.clocks] with a server clock one minute behind, the id of a send is enough to wait for its answer', async () => {
    const { clock, simulator, play } = bench()
    const ccc = createCcc({ transport: simulator.transport, clock: { ...clock, now: () => clock.now() + 60_000 } })
    expect(brief(await play(ccc.sendAndWait({ session, text: 'x [[quiet 20]] [[reply A]]' })))).toEqual(['A', 'own'])
    // An ask gets no id, so the owner of the answer is unknown.
    expect(brief(await play(ccc.ask({ session, text: 'y [[reply B]]' })))).toEqual(['B', 'unverified'])
  })

  test('[ccc.resolve.equal-texts] with a marker the message is found, even if the clocks differ', async () => {
    const { ccc, clock, simulator, play } = bench()
    const done = await play(ccc.ask({ session, text: 'continue', from: 'bot', marker: 'a1' }))
    const ahead: Receipt = { ...done.receipt, sentAtMs: done.receipt.sentAtMs + 3_600_000 }
    expect((await play(ccc.resolve(ahead))).outcome).toBe('answered')
    simulator.faults.hangUp = ({ cmd }) => (cmd === 'ask' ? 'before' : undefined)
    const lost = (await play(failure(ccc.ask({ session, text: 'continue', from: 'bot', marker: 'a2' })))) as CccSendError
    await clock.advance(61_000)
    expect(await play(ccc.resolve(lost))).toEqual({ outcome: 'not_stored' })
  })

  test('[ccc.resolve.queued] a prompt that waited behind a busy agent is stored twice, and counts as one request', async () => {
    const { ccc, clock, simulator, play } = bench()
    // A person at the keyboard keeps the agent busy without a hook, so the history shows none of it.
    simulator.enter(session, 'by hand [[sleep 25]] [[nohook]]')
    const sent = await play(ccc.sendAndWait({ session, text: 'queued [[prompthook]] [[reply A]]' }))
    expect(brief(sent)).toEqual(['A', 'own'])
    expect((await play(ccc.history({ session }))).map(({ from }) => from)).toEqual(['api', 'human', 'claude'])
    // The same text from a person is another request, and so is another text of the terminal.
    simulator.enter(session, 'also by hand [[prompthook]] [[sleep 20]] [[reply B]]')
    const { receipt } = await play(ccc.send({ session, text: 'next [[reply C]]' }))
    await clock.advance(60_000)
    // When the hook of the first prompt runs, the answer to the second is already the newest one.
    expect(await play(ccc.resolve(receipt))).toMatchObject({ outcome: 'answered', response: 'C', attribution: 'shared' })
  })

  test('[ccc.resolve.early] a message that is stored between two reads of the history is unknown: early', async () => {
    const { ccc, clock, simulator, play } = bench()
    await play(ccc.send({ session, text: 'first' }))
    const { receipt } = await play(ccc.send({ session: 'backend', text: 'x' }))
    await clock.advance(61_000)
    const late: Receipt = { session, text: 'late', from: 'api', sentAtMs: receipt.sentAtMs }
    expect((await play(ccc.resolve(late))).outcome).toBe('not_stored')
    simulator.faults.hangUp = ({ cmd }) => {
      const now = Math.floor(clock.now() / 1000)
      const hour = new Date(clock.now()).toISOString().slice(0, 13).replace('T', '-')
      if (cmd === 'sessions') simulator.history.write(101, hour, [JSON.stringify({ id: 9, ts: now, from: 'api', text: 'late' })])
      return undefined
    }
    expect(await play(ccc.resolve(late))).toEqual({ outcome: 'unknown', reason: 'early' })
  })

  test('[ccc.resolve.author] an empty author counts as no author', async () => {
    const { ccc, play } = bench()
    expect(brief(await play(ccc.ask({ session, text: 'x [[reply A]]', from: '' })))).toEqual(['A', 'own'])
  })

  test('[ccc.resolve.server-age] on a server without a last activity a lost message is unknown', async () => {
    const { ccc, clock, simulator, play } = bench({ generation: 'january' })
    await play(ccc.send({ session, text: 'first' }))
    simulator.faults.hangUp = ({ cmd }) => (cmd === 'send' ? 'before' : undefined)
    const lost = (await play(failure(ccc.send({ session, text: 'second' })))) as CccSendError
    await clock.advance(61_000)
    expect(await play(ccc.resolve(lost))).toEqual({ outcome: 'unknown', reason: 'hidden' })
  })

  test('[ccc.resolve.surrogates] half a surrogate pair is stored as a replacement character and still found', async () => {
    const { ccc, play } = bench()
    const done = await play(ccc.ask({ session, text: 'broken \ud800 pair [[reply A]]' }))
    expect(brief(done)).toEqual(['A', 'own'])
  })
})

describe('the client', () => {
  test('[ccc.client.dispose] leaves no link, timer or stream; later calls fail with sent: no', async () => {
    const clock = createFakeClock()
    const simulator = createCccSimulator({ sessions: [{ name: session, running: true }], clock })
    const ccc = createCcc({ transport: simulator.transport, clock })
    const stream = await ccc.subscribe()
    const reading = (async () => {
      const seen: string[] = []
      for await (const event of stream) seen.push(event.type)
      return seen
    })()
    const asked = failure(ccc.ask({ session, text: 'x [[sleep 60]]' }))
    await clock.advance(3_000)
    await ccc.close()
    expect(await reading).toEqual(['subscribed'])
    expect(await asked).toMatchObject({ code: 'closed', sent: 'maybe' })
    expect(await failure(ccc.ping())).toMatchObject({ code: 'closed', sent: 'no', retryable: false })
    await simulator.stop()
    await clock.settle()
    expect(clock.timers).toBe(0)
    expect(simulator.connections).toBe(0)
  })

  test('[ccc.client.dispose] a link that opens after the end is closed', async () => {
    const { simulator } = bench()
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const { transport } = simulator
    const ccc = createCcc({
      transport: { ...transport, open: async (launch, options) => gate.then(() => transport.open(launch, options)) },
    })
    const pinging = failure(ccc.ping())
    await ccc[Symbol.asyncDispose]()
    release()
    expect(await pinging).toMatchObject({ code: 'closed', sent: 'no' })
    expect(simulator.connections).toBe(0)
  })

  test('[ccc.client.apart] two clients of one server do not end each other', async () => {
    const { ccc, simulator, clock, play } = bench()
    const other = createCcc({ transport: simulator.transport, clock })
    const answer = other.ask({ session, text: 'x [[reply A]]' })
    await ccc[Symbol.asyncDispose]()
    expect(brief(await play(answer))).toEqual(['A', 'own'])
  })

  test('[ccc.client.validate] a broken answer is reported and delivered, refused, or not checked', async () => {
    const { simulator } = bench()
    const reports: unknown[] = []
    const answer = '{"ok":true,"messages":[{"id":"seven","ts":1,"from":"api"}]}\n'
    const transport = {
      ...simulator.transport,
      async open() {
        const link = await simulator.transport.open()
        return { ...link, closed: link.closed, read: async () => new TextEncoder().encode(answer) }
      },
    }
    const onEvent = (event: unknown): void => void reports.push(event)
    const held = (checks: CccChecks): Ccc => createCcc({ transport, onEvent, ...checks })
    expect(await held({}).history({ session })).toEqual([{ id: 'seven', ts: 1, from: 'api' }])
    expect(reports).toMatchObject([{ type: 'invalid', op: 'history', path: 'messages.0.id' }])
    expect(await failure(held({ validate: 'strict' }).history({ session }))).toMatchObject({
      code: 'invalid_message',
      system: 'ccc',
    })
    expect(await held({ validate: 'off' }).history({ session })).toHaveLength(1)
    expect(await createCcc({ transport }).history({ session })).toHaveLength(1)
    expect(reports).toHaveLength(1)
  })

  test('[ccc.client.validate] an answer that cannot be delivered at all is a typed error', async () => {
    const { simulator } = bench()
    for (const [cmd, answer] of [
      ['history', '{"ok":true,"messages":{"first":1}}\n'],
      ['history', '{"ok":true,"messages":[null]}\n'],
      ['sessions', '{"ok":true,"sessions":[null,null]}\n'],
    ] as const) {
      const transport = {
        ...simulator.transport,
        async open() {
          const link = await simulator.transport.open()
          return { ...link, closed: link.closed, read: async () => new TextEncoder().encode(answer) }
        },
      }
      const ccc = createCcc({ transport })
      const told = await failure(cmd === 'history' ? ccc.history({ session }) : ccc.sessions())
      expect(told).toMatchObject({ code: 'invalid_message', system: 'ccc', op: cmd, sent: 'yes' })
    }
  })
})

test('[ccc.ask.deadline] the error names the deadline in whole milliseconds', async () => {
  await using simulator = createCccSimulator({ sessions: [{ name: 'a', running: true }] })
  await using client = createCcc({ transport: simulator.transport })
  const late = client.ask({ session: 'a', text: '[[sleep 60]]', from: 'b', timeoutMs: 50 })
  await expect(late).rejects.toThrow(/did not finish within \d+ ms\./)
})
