/** Messages that were sent into a turn while it ran. The turn is over when the CLI has answered all of them. */
import { isResult } from '../messages/guards.js'
import type { ClaudeLine } from '../messages/lines.js'

export interface Inputs {
  /** A message was written. */
  sent(uuid: string): void
  /** A message will not be answered: it was not written, or the CLI has taken it out of its queue. */
  dropped(uuid: string): void
  /** More messages may come, until the function that this gives is called. */
  open(): () => void
  /** No more messages are taken: the turn is over or was interrupted. */
  close(): void
  readonly closed: boolean
  /** Messages that the CLI has not taken up. */
  readonly waiting: readonly string[]
  /** Messages wait, or more may come: the next result does not end the turn. */
  readonly isBusy: boolean
  /** The CLI has answered everything so far, and more messages may come. Its silence is no hang. */
  readonly isIdle: boolean
  /** Looks for what a line says about the messages. Called with every line of the turn. */
  see(line: ClaudeLine): void
}

/** `onQuiet` is called when nothing is expected any more although the last line was a result. */
export function createInputs(onQuiet: () => void): Inputs {
  const waiting = new Set<string>()
  let streams = 0
  let closed = false
  /** A result has come, and nothing of a further turn. */
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
        // A CLI that reports what it has taken up names here all messages that this result answers.
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
