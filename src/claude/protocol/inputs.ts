/** Messages that were sent into a turn while it ran. The turn is over when the CLI has answered all of them. */
import { isResult } from '../messages/guards.js'
import type { ClaudeLine } from '../messages/lines.js'

export interface Inputs {
  /** Records a message before it is written. */
  sent(uuid: string): void
  /** Removes a message that will get no answer: it was not written, or the CLI removed it from its queue. */
  dropped(uuid: string): void
  /** Says that more messages may come, until the returned function is called. */
  open(): () => void
  /** Accepts no more messages, because the turn is over or was interrupted. */
  close(): void
  readonly closed: boolean
  /** The uuids of messages that the CLI has not taken up. */
  readonly waiting: readonly string[]
  /** Messages are waiting, or more may come. Then the next result does not end the turn. */
  readonly isBusy: boolean
  /** The CLI has answered every message so far, and more may come. Then its silence is not a hang. */
  readonly isIdle: boolean
  /** Updates the state from a line. Called with every line of the turn. */
  see(line: ClaudeLine): void
}

/**
 * Counts the messages that were sent into one turn. `onQuiet` is called when a result has come, no message is waiting, and no more can come,
 * but no further line will end the turn: the last message was withdrawn, or the source of messages has ended.
 */
export function createInputs(onQuiet: () => void): Inputs {
  const waiting = new Set<string>()
  let streams = 0
  let closed = false
  /** True from a result until the next output of the model. */
  let answered = false

  const isBusy = (): boolean => waiting.size > 0 || (streams > 0 && !closed)
  const check = (): void => {
    if (answered && !isBusy()) onQuiet()
  }
  const taken = (uuid: unknown): void => {
    if (typeof uuid === 'string' && waiting.delete(uuid)) answered = false
  }
  const inputs: Inputs = {
    sent: (uuid) => void waiting.add(uuid),
    dropped(uuid) {
      if (waiting.delete(uuid)) check()
    },
    open() {
      let isOpen = true
      streams += 1
      return () => {
        if (isOpen) streams -= 1
        isOpen = false
        check()
      }
    },
    close() {
      closed = true
      check()
    },
    get closed() {
      return closed
    },
    get waiting() {
      return [...waiting]
    },
    get isBusy() {
      return isBusy()
    },
    get isIdle() {
      return answered && waiting.size === 0 && isBusy()
    },
    see(line) {
      if (isResult(line)) {
        // Newer CLIs list in this field all messages that the result answers.
        const named = Array.isArray(line.user_message_uuids) ? line.user_message_uuids : []
        for (const uuid of named) taken(uuid)
        answered = true
        return
      }
      if (line.type === 'assistant' || line.type === 'stream_event') answered = false
      if (waiting.size === 0) return
      if (line.type === 'user' && line.isReplay === true) taken(line.uuid)
      if (line.type !== 'command_lifecycle' || typeof line.command_uuid !== 'string') return
      if (line.state === 'started') taken(line.command_uuid)
      else if (line.state === 'cancelled') inputs.dropped(line.command_uuid)
    },
  }
  return inputs
}
