/** The classes of failures, and their `sent`. */
import { describe, expect, it } from 'vitest'
import { CmdopError, TimeoutError } from '../../src/cmdop/index.js'
import { asCmdopError, remoteFailure } from '../../src/cmdop/errors.js'
import { ERROR_CODES, SignalboxError } from '../../src/index.js'

describe('a failure of ours', () => {
  it('has the class and the code of the published SDKs, and keeps its facts [cmdop.errors.ours]', () => {
    const told = ERROR_CODES.map((code) => {
      const cause = new Error('why')
      const facts = {
        transport: 't',
        op: 'o',
        attempt: 2,
        status: 418,
        exitCode: 1,
        signal: 'KILL',
        stderrTail: 's',
        retryAfterMs: 5,
      }
      const error = new SignalboxError({ ...facts, code, message: 'm', sent: 'maybe', cause })
      const copy = asCmdopError(error) as CmdopError
      expect(copy).toBeInstanceOf(CmdopError)
      expect(copy).toMatchObject({
        ...facts,
        code,
        message: 'm',
        sent: 'maybe',
        system: 'cmdop',
        retryable: error.retryable,
      })
      expect([copy.cause, copy.stack]).toEqual([cause, error.stack])
      return [code, copy.name, copy.remoteCode]
    })
    expect(told.filter(([, name, word]) => name !== 'CmdopError' || word !== undefined)).toEqual([
      ['deadline_exceeded', 'TimeoutError', 'timeout'],
      ['closed', 'ConnectionError', 'connection'],
      ['unreachable', 'ConnectionError', 'connection'],
      ['unauthenticated', 'AuthError', 'auth'],
      ['permission_denied', 'PermissionError', 'permission'],
      ['incompatible', 'ConnectionError', 'connection'],
      ['unsupported', 'CmdopError', 'unsupported'],
      ['protocol', 'CmdopError', 'internal'],
      ['invalid_message', 'CmdopError', 'internal'],
      ['too_large', 'ValidationError', 'validation'],
      ['invalid_argument', 'ValidationError', 'validation'],
      ['not_found', 'NotFoundError', 'not_found'],
      ['conflict', 'ConflictError', 'conflict'],
      ['rate_limited', 'RateLimitError', 'rate_limit'],
      ['unavailable', 'UnavailableError', 'unavailable'],
      ['exited', 'ConnectionError', 'connection'],
    ])
  })

  it('is unchanged if it has such a class already, or if it is foreign [cmdop.errors.ours]', () => {
    const own = new TimeoutError({ code: 'deadline_exceeded', message: 'm' })
    const foreign = new Error('x')
    expect([asCmdopError(own), asCmdopError(foreign)]).toEqual([own, foreign])
  })
})

describe('what a core says', () => {
  it.each([
    ['auth', 'AuthError', 'unauthenticated', 'yes'],
    ['connection', 'ConnectionError', 'unreachable', 'maybe'],
    ['timeout', 'TimeoutError', 'deadline_exceeded', 'maybe'],
    ['machine_offline', 'UnavailableError', 'unavailable', 'maybe'],
    ['pin_denied', 'PinDeniedError', 'permission_denied', 'yes'],
    ['unknown_op', 'CmdopError', 'unsupported', 'no'],
    ['constructor', 'CmdopError', 'remote', 'maybe'],
    ['', 'CmdopError', 'remote', 'maybe'],
  ])('as %j is %s, and for an ask AgentStreamError except for a PIN [cmdop.errors]', (word, name, code, sent) => {
    const remoteCode = word === '' ? 'internal' : word
    expect(remoteFailure(word, 'why', { op: 'o' })).toMatchObject({
      name,
      code,
      sent,
      remoteCode,
      message: `o failed (${remoteCode}): why`,
    })
    // An ask may have run for long before it failed.
    const ofAsk = { name: word === 'pin_denied' ? name : 'AgentStreamError', code, sent: sent === 'no' ? 'no' : 'yes', remoteCode }
    expect(remoteFailure(word, '', {}, true)).toMatchObject({ ...ofAsk, message: `The call failed (${remoteCode}).` })
  })
})
