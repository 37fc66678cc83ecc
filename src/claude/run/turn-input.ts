/** Messages into a turn that runs. */
import { raceSignal } from '../../core/deadline.js'
import { abortError } from '../../core/deadline.js'
import type { Connection, InputPriority } from '../protocol/connection.js'
import type { TurnState } from '../protocol/turn-state.js'
import { ClaudeError } from '../messages/errors.js'
import type { ContentBlock } from '../messages/lines.js'

/** How a message is sent into a turn. */
export interface InputSendOptions {
  /**
   * When the model reads the message. `next`: after the tools that run, and the turn goes on with it. `later`: when the turn would be over.
   * `now`: the answer under way is cut, and the turn goes on with this message. Default `next`. CLI 2.0 has `next` only.
   */
  readonly priority?: InputPriority
  /** Stops waiting for the turn to begin. */
  readonly signal?: AbortSignal
}

/** A message for `streamInput`. */
export type TurnInput =
  | string
  | readonly ContentBlock[]
  | { readonly content: string | readonly ContentBlock[]; readonly priority?: InputPriority }

export interface TurnInputs {
  send(content: string | readonly ContentBlock[], options?: InputSendOptions): Promise<string>
  streamInput(messages: AsyncIterable<TurnInput> | Iterable<TurnInput>, options?: { readonly signal?: AbortSignal }): Promise<void>
}

export interface TurnInputParts {
  readonly state: TurnState
  /** The connection, when the first message of the turn was written. */
  readonly begun: Promise<Connection>
  readonly finished: Promise<unknown>
}

const closedError = (): ClaudeError => new ClaudeError({ code: 'closed', message: 'The turn is over.', op: 'turn', sent: 'no' })

export function createTurnInputs({ state, begun, finished }: TurnInputParts): TurnInputs {
  const over = finished.then(
    () => Promise.reject(closedError()),
    () => Promise.reject(closedError()),
  )
  over.catch(() => {})
  /** The value, unless the turn ends or the caller gives up before. */
  const inTurn = async <Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> => {
    const first = Promise.race([work, over])
    if (!signal) return await first
    try {
      return await raceSignal(first, signal)
    } catch (error) {
      throw signal.aborted ? abortError(signal, { system: 'claude', op: 'turn', sent: 'no' }) : error
    }
  }
  const inputs: TurnInputs = {
    async send(content, { priority, signal } = {}) {
      const on = await inTurn(begun, signal)
      return await on.input(state, content, { priority })
    },
    async streamInput(messages, { signal } = {}) {
      if (state.ended || state.inputs.closed) throw closedError()
      const end = state.inputs.open()
      const iterator = Symbol.asyncIterator in messages ? messages[Symbol.asyncIterator]() : messages[Symbol.iterator]()
      let isDone = false
      try {
        for (;;) {
          const { value, done } = await inTurn(Promise.resolve(iterator.next()), signal)
          isDone = done === true
          if (isDone) return
          const message = value as TurnInput
          const isPlain = typeof message === 'string' || Array.isArray(message)
          const { content, priority } = isPlain
            ? { content: message }
            : (message as Exclude<TurnInput, string | readonly ContentBlock[]>)
          await inputs.send(content, { ...(priority === undefined ? {} : { priority }), ...(signal ? { signal } : {}) })
        }
      } finally {
        end()
        // Not awaited: a source that hangs in `next` would hang here too.
        if (!isDone) void Promise.resolve(iterator.return?.()).catch(() => {})
      }
    },
  }
  return inputs
}
