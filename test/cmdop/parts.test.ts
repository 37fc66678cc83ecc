/** The decisions inside a connection and an ask, without any I/O. */
import { describe, expect, it } from 'vitest'
import { collectText, type Answering } from '../../src/cmdop/ask-collect.js'
import { createFrameBuffer } from '../../src/cmdop/ask-buffer.js'
import { createQuestions } from '../../src/cmdop/ask-questions.js'
import { createCallIds, idAfter } from '../../src/cmdop/call-ids.js'
import { isLoopback } from '../../src/cmdop/config.js'
import { createFrameWriter, joined } from '../../src/cmdop/frame-writer.js'
import { CmdopError, type AskFrame } from '../../src/cmdop/index.js'
import { faultOfSilence } from '../../src/cmdop/lost-core.js'
import { failure } from './set-up.js'

const pinQuestion = (challengeId: string): AskFrame => ({ type: 'pin_required', challengeId, label: 'PIN' })
const planQuestion = (token: string): AskFrame => ({ type: 'confirm_required', token, plan: 'p', dangerLevel: 'high' })

describe('the questions of an ask', () => {
  it('give the first PIN to the first question only, and mark it as answered [cmdop.ask.pin-once]', () => {
    const questions = createQuestions('1')
    expect(questions.note(pinQuestion('a'))).toEqual({ frame: { ...pinQuestion('a'), answered: true }, pin: '1' })
    expect(questions.note(pinQuestion('b'))).toEqual({ frame: pinQuestion('b') })
    expect([questions.isOpen('pin', 'a'), questions.isOpen('pin', 'b')]).toEqual([false, true])
  })

  it('keep the first PIN back after a refusal [cmdop.ask.pin-once]', () => {
    const questions = createQuestions('1')
    questions.note({ type: 'pin_denied', challengeId: 'a', reason: 'wrong' })
    expect(questions.note(pinQuestion('b'))).toEqual({ frame: pinQuestion('b') })
  })

  it('are open under their kind and name until they are answered, and open again if the answer was not sent [cmdop.ask.stale]', () => {
    const questions = createQuestions(undefined)
    questions.note(planQuestion('p'))
    expect([questions.isOpen('confirm', 'p'), questions.isOpen('pin', 'p'), questions.plans]).toEqual([true, false, ['p']])
    questions.close('p')
    expect([questions.anyOpen, questions.plans]).toEqual([false, []])
    questions.reopen('confirm', 'p')
    expect(questions.anyOpen).toBe(true)
  })
})

describe('collect()', () => {
  const of = (...frames: readonly AskFrame[]): Answering => ({
    pin: async () => {},
    confirm: async () => {},
    async *[Symbol.asyncIterator]() {
      yield* frames
    },
  })
  const event = (payload: unknown): AskFrame => ({ type: 'event', eventType: 1, payload })
  const done = (success: boolean, text: string): AskFrame => ({ type: 'done', success, text, error: 'boom', durationMs: 1 })

  it('prefers the text of the end to that of the events [cmdop.ask.collect]', async () => {
    const events = [event({ delta: 'a' }), event({ text: 'b' }), event('c'), event({ delta: '', text: 'd' })]
    expect(await collectText(of(...events, done(true, '')), {}, () => false)).toBe('abd')
    expect(await collectText(of(...events, done(true, 'all')), {}, () => false)).toBe('all')
  })

  it('fails at an end without success only where the SDK of that core does [cmdop.ask.collect]', async () => {
    expect(await collectText(of(done(false, 'so far')), {}, () => false)).toBe('so far')
    const error = await failure(collectText(of(done(false, '')), {}, () => true))
    expect(error).toMatchObject({ name: 'AgentStreamError', message: expect.stringContaining('boom') })
  })

  it('fails with aborted if the stream was closed from elsewhere [cmdop.ask.collect]', async () => {
    expect(await failure(collectText(of(event({ delta: 'a' })), {}, () => false))).toMatchObject({ code: 'aborted', sent: 'yes' })
  })
})

describe('the buffer of an ask', () => {
  it('holds 100,000 small frames by default, and fails above its bytes with a CmdopError [cmdop.ask.slow]', async () => {
    const frame: AskFrame = { type: 'event', eventType: 1, payload: { delta: 'x' } }
    const buffer = createFrameBuffer({})
    for (let index = 0; index < 100_000; index += 1) buffer.push(frame, 30)
    expect(buffer.ended).toBe(false)
    expect((await buffer.take())?.length).toBe(100_000)
    buffer.push(frame, 33 * 1024 * 1024)
    expect(buffer.ended).toBe(true)
    await buffer.take()
    const error = await failure(buffer.take())
    expect(error).toBeInstanceOf(CmdopError)
    expect(error).toMatchObject({ code: 'slow_consumer', sent: 'yes' })
  })
})

describe('a core that is silent at a deadline', () => {
  const facts = { insideFrame: false, silentMs: 5_000, heardSince: true, othersWait: false }
  it.each([
    ['may be slow if it was heard since the call', facts, undefined],
    ['may be slow if others wait for it', { ...facts, heardSince: false, othersWait: true }, undefined],
    ['is replaced if it said nothing and nobody else waits', { ...facts, heardSince: false }, 'stayed silent'],
    ['is replaced if it stopped inside a frame', { ...facts, insideFrame: true, othersWait: true }, 'middle of a frame'],
    ['may go on if the frame has only just begun', { ...facts, insideFrame: true, silentMs: 10 }, undefined],
  ])('%s [cmdop.core.mute]', (_what, given, text) => {
    const fault = faultOfSilence(given)
    if (text === undefined) expect(fault).toBeUndefined()
    else expect(fault?.message).toContain(text)
  })
})

describe('ids of calls', () => {
  it('wrap around, skip 0 and ids that the core has not ended, and report when no call waits [cmdop.calls.stray]', () => {
    expect(idAfter(0xffff_ffff, new Set())).toBe(1)
    expect(idAfter(0xffff_ffff, new Set([1, 2]))).toBe(3)
    let idle = 0
    const ids = createCallIds(() => {
      idle += 1
    })
    const [first, second] = [ids.take(), ids.take()]
    ids.release(first)
    expect([idle, ids.awaited, ids.owed]).toEqual([0, 1, 2])
    ids.settle(first)
    ids.release(second)
    expect([idle, ids.awaited, ids.owed]).toEqual([1, 0, 1])
  })
})

describe('frames of one turn', () => {
  it('are written as one chunk, in order, and long frames separately [cmdop.calls.concurrent]', async () => {
    const written: Uint8Array[] = []
    const write = createFrameWriter({
      async write(chunk) {
        written.push(chunk)
      },
    })
    await Promise.all([1, 2, 3].map((byte) => write(Uint8Array.of(byte))))
    expect(written).toEqual([Uint8Array.of(1, 2, 3)])
    await write(Uint8Array.of(4))
    expect(written.length).toBe(2)
    const long = new Uint8Array(100_000)
    const chunks = joined([Uint8Array.of(1), long, Uint8Array.of(2), Uint8Array.of(3)])
    expect(chunks.map(({ byteLength }) => byteLength)).toEqual([1, 100_000, 2])
    expect(chunks[1]).toBe(long)
  })
})

describe('an address', () => {
  it.each([
    ['http://127.0.0.1:8000', true],
    ['http://localhost', true],
    ['http://[::1]:80/x', true],
    ['https://localhost.example', false],
    ['https://127.0.0.1.example', false],
    ['https://user@relay.example', false],
  ])('%s is of this machine: %s [cmdop.v2.environment]', (url, expected) => {
    expect(isLoopback(url)).toBe(expected)
  })
})
