/** Why a core is gone or cannot be used any more, as errors. No I/O. */
import { SignalboxError } from '../errors.js'
import type { CloseReason } from '../transport.js'
import { ConnectionError } from './errors.js'

/** How long the rest of a frame may be late before a deadline takes the stream for broken. */
const STALLED_MS = 1_000

/** What the pipe did until a call met its deadline. */
export interface SilenceFacts {
  /** A frame has begun and not ended. */
  readonly insideFrame: boolean
  /** Since the last byte. */
  readonly silentMs: number
  /** Bytes came after the call was sent. */
  readonly heardSince: boolean
  /** Other calls wait for this core. */
  readonly othersWait: boolean
}

/**
 * After a deadline: the reason to replace the core, or undefined if the core may only be slow. A core that has sent nothing since the call
 * and has no other open call is replaced, because then a new core disturbs nobody.
 */
export function faultOfSilence({ insideFrame, silentMs, heardSince, othersWait }: SilenceFacts): ConnectionError | undefined {
  const stalled = insideFrame && silentMs >= STALLED_MS
  const mute = !heardSince && !othersWait
  if (!stalled && !mute) return undefined
  const what = stalled ? 'stopped in the middle of a frame' : 'stayed silent'
  return new ConnectionError({ code: 'closed', message: `The core ${what}; the next call gets a fresh one.`, sent: 'maybe' })
}

/** The error for a call that was not written, because the core was gone before. */
export function notWritten(cause: SignalboxError): ConnectionError {
  return new ConnectionError({ code: 'closed', message: cause.message, sent: 'no', cause })
}

/** One error for everybody who waited: how the link ended, or what broke it. */
export function lostCore(reason: CloseReason, cause: unknown): ConnectionError {
  const facts = { system: 'cmdop', sent: 'maybe', remoteCode: 'connection' } as const
  if (SignalboxError.is(cause)) {
    const code = cause.code === 'too_large' || cause.code === 'invalid_message' ? 'protocol' : cause.code
    // After broken bytes the next frame cannot be found. The core is replaced, so a repeated call gets a new one.
    return new ConnectionError({ ...facts, code, message: `The core cannot be understood any more. ${cause.message}`, cause })
  }
  if (reason.kind === 'exit') {
    const { exitCode, signal, stderrTail } = reason
    const stderr = stderrTail.trim()
    const message = `The core exited (${exitCode ?? signal})${stderr === '' ? '.' : `: ${stderr}`}`
    const hint = 'The next call starts a fresh one; calls that were open may have been carried out.'
    return new ConnectionError({ ...facts, code: 'exited', message, hint, exitCode, signal, stderrTail })
  }
  const why = reason.kind === 'error' ? reason.error : cause
  const detail = why instanceof Error ? `: ${why.message}` : ''
  const message = `The connection to the core ended${detail}${detail.endsWith('.') ? '' : '.'}`
  return new ConnectionError({ ...facts, code: 'closed', message, cause: why })
}
