/** Checked by the compiler alone: the codes are a closed set, and `is` narrows to one of them. */
import { SignalboxError, type ErrorCode, type Sent } from '../../src/index.js'

declare const caught: unknown

if (SignalboxError.is(caught)) {
  const sent: Sent = caught.sent
  void sent
  // @ts-expect-error: not one of the codes
  void (caught.code === 'timeout')
}
if (SignalboxError.is(caught, 'closed')) {
  const code: 'closed' = caught.code
  void code
  // @ts-expect-error: it is closed, so it is not this
  void (caught.code === 'remote')
}
// @ts-expect-error: not one of the codes
SignalboxError.is(caught, 'timeout')
// @ts-expect-error: not one of the codes
new SignalboxError({ code: 'timeout', message: '' })

/** The set is closed, so the compiler checks that a switch over it is complete. */
export function advice(code: ErrorCode): string {
  switch (code) {
    case 'aborted':
    case 'deadline_exceeded':
      return 'It was stopped.'
    case 'closed':
    case 'unreachable':
    case 'unavailable':
    case 'exited':
    case 'circuit_open':
    case 'rate_limited':
      return 'Try again later.'
    case 'unauthenticated':
    case 'permission_denied':
      return 'Check the credential.'
    case 'incompatible':
    case 'unsupported':
    case 'protocol':
    case 'invalid_message':
      return 'Check the versions.'
    case 'too_large':
    case 'invalid_argument':
    case 'not_found':
    case 'conflict':
    case 'remote':
      return 'Check the request.'
    case 'slow_consumer':
    case 'resume_gap':
      return 'Open the stream again.'
    default: {
      const none: never = code
      return none
    }
  }
}
