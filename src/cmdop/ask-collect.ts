/** Reads an ask to its end and gives one text. */
import type { AskStream, CollectOptions } from './ask-options.js'
import { AgentStreamError, CmdopError, PermissionError } from './errors.js'
import { wordsOf, type DoneFrame, type StreamErrorFrame } from './frames.js'

const OP = 'machines.ask'

export type Answering = Pick<AskStream, 'pin' | 'confirm' | typeof Symbol.asyncIterator>

/** `failsUnsuccessful`: a `done` without success fails, as it does in the SDK of core 2.0. */
export async function collectText(
  stream: Answering,
  { onPin, onConfirm }: CollectOptions,
  failsUnsuccessful: () => boolean,
): Promise<string> {
  let text = ''
  let failure: StreamErrorFrame | undefined
  for await (const frame of stream) {
    if (frame.type === 'event') text += wordsOf(frame.payload)
    else if (frame.type === 'error') failure = frame
    else if (frame.type === 'done') {
      if (!frame.success && failsUnsuccessful()) throw unsuccessful(frame, failure)
      return frame.text || text
    } else if (frame.type === 'pin_required' && !frame.answered) {
      if (!onPin) throw unanswerable('pin_required', 'its PIN', 'Pass `pin` to ask(), or `onPin` to collect().')
      await stream.pin(frame.challengeId, await onPin(frame))
    } else if (frame.type === 'confirm_required') {
      if (!onConfirm) throw unanswerable('confirm_required', 'leave for a plan', 'Pass `onConfirm` to collect().')
      await stream.confirm(frame.token, await onConfirm(frame))
    }
  }
  // The frames end without a last one only if the stream was closed during the loop.
  throw new CmdopError({ code: 'aborted', message: 'The ask was closed before it ended.', op: OP, sent: 'yes' })
}

function unsuccessful(done: DoneFrame, failure: StreamErrorFrame | undefined): AgentStreamError {
  const { upstreamStatus: status } = done
  const message = `The agent did not succeed: ${done.error || failure?.message || 'it gave no reason.'}`
  const remoteCode = failure?.code ?? 'internal'
  return new AgentStreamError({ code: 'remote', message, op: OP, sent: 'yes', retryable: false, remoteCode, status })
}

function unanswerable(remoteCode: string, what: string, hint: string): PermissionError {
  const message = `The machine asks for ${what}, and collect() was given nothing to answer with.`
  return new PermissionError({ code: 'permission_denied', message, hint, op: OP, sent: 'yes', remoteCode })
}
