import { describe, expect, it } from 'vitest'
import { ERROR_CODES, SignalboxError, withFacts, worseSent } from '../../src/errors.js'

class AuthError extends SignalboxError {
  override readonly name = 'AuthError'
  constructor(
    readonly realm: string,
    cause?: unknown,
  ) {
    super({ code: 'unauthenticated', message: 'Who are you?', cause })
  }
}

describe('SignalboxError', () => {
  it('[core.error-facts] carries the given facts and one message with its hint, and no other properties', () => {
    const error = new SignalboxError({
      code: 'exited',
      message: 'It died.',
      hint: 'Look at stderr.',
      exitCode: null,
      signal: 'SIGKILL',
    })
    expect(error.message).toBe('It died. Look at stderr.')
    expect({ ...error }).toEqual({
      name: 'SignalboxError',
      code: 'exited',
      sent: 'no',
      retryable: true,
      exitCode: null,
      signal: 'SIGKILL',
    })
    expect(error).toBeInstanceOf(Error)
    expect('cause' in error).toBe(false)
    expect('cause' in new SignalboxError({ code: 'closed', message: '', cause: undefined })).toBe(true)
  })

  it('[core.error-redacted] never shows a secret in message, remote code, stderr or JSON', () => {
    const error = new SignalboxError({
      code: 'remote',
      message: 'Refused: token=abc123secret',
      hint: 'Set password=abc123secret.',
      remoteCode: 'bad apiKey=abc123secret',
      stderrTail: 'Authorization: Bearer abc123secret',
      cause: new Error('abc123secret'),
    })
    expect(`${error.message}${error.remoteCode}${error.stderrTail}${JSON.stringify(error)}`).not.toContain('abc123secret')
    expect(JSON.parse(JSON.stringify(error))).not.toHaveProperty('cause')
    expect(JSON.stringify(withFacts(error, {}, { message: 'pin=abc123secret' }))).not.toContain('abc123secret')
  })

  it('[core.error-brand] is recognised across two copies of the package, and by code', () => {
    // An error of another copy of this module: the same brand, another class.
    const foreign = Object.defineProperty(new Error('x'), Symbol.for('signalbox.error'), { value: true })
    Object.assign(foreign, { code: 'closed' })
    expect(foreign instanceof SignalboxError).toBe(false)
    expect(SignalboxError.is(foreign)).toBe(true)
    expect(SignalboxError.is(foreign, 'closed')).toBe(true)
    expect(SignalboxError.is(foreign, 'remote')).toBe(false)
    for (const other of [null, undefined, 'closed', { code: 'closed' }, new Error('closed')])
      expect(SignalboxError.is(other)).toBe(false)
  })

  it.each(ERROR_CODES)('says whether a retry makes sense for %s', (code) => {
    const error = new SignalboxError({ code, message: '' })
    expect(typeof error.retryable).toBe('boolean')
    expect(new SignalboxError({ code, message: '', retryable: !error.retryable }).retryable).toBe(!error.retryable)
  })
})

describe('withFacts', () => {
  it('[core.errors-copied] gives a copy of the same class, with the same stack and cause; facts that were set first win', () => {
    const cause = new Error('why')
    const error = new AuthError('ops', cause)
    const copy = withFacts(error, { op: 'login', system: 'cccc', code: 'remote' })
    expect(copy).not.toBe(error)
    expect(error.op).toBeUndefined()
    expect(copy).toBeInstanceOf(AuthError)
    expect(copy).toMatchObject({ name: 'AuthError', realm: 'ops', op: 'login', system: 'cccc', code: 'unauthenticated', cause })
    expect(copy.stack).toBe(error.stack)
    expect(SignalboxError.is(copy, 'unauthenticated')).toBe(true)
    expect(Object.prototype.toString.call(copy)).toBe('[object Error]')
    expect(Object.keys(copy)).not.toContain('stack')
    expect(Object.keys(copy)).not.toContain('cause')
  })

  it('[core.errors-copied] returns the error itself if no fact is new', () => {
    const error = new SignalboxError({ code: 'closed', message: '', op: 'a' })
    expect(withFacts(error, { op: 'b', system: undefined }, { sent: 'no', attempt: undefined })).toBe(error)
    expect(withFacts(error, {}, { op: 'b' }).op).toBe('b')
    // Facts can come from another error; the class keeps its name.
    const named = withFacts(new AuthError('ops'), {}, new SignalboxError({ code: 'remote', message: 'x', sent: 'yes' }) as object)
    expect(named).toMatchObject({ name: 'AuthError', sent: 'yes' })
  })
})

it('[core.sent] is as certain as the most certain attempt', () => {
  expect(worseSent('no', 'no')).toBe('no')
  expect(worseSent('maybe', 'no')).toBe('maybe')
  expect(worseSent('maybe', 'yes')).toBe('yes')
})
