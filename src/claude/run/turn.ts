/** A turn for its caller. It can be iterated, awaited, or both. A `break` out of the loop stops the CLI. */
import { createStream, type SignalStream, type StreamSource } from '../../core/stream.js'
import { createDeriver } from '../messages/derive-messages.js'
import { checkedOutput, type OutputSchema } from './output-schema.js'
import type { Connection } from '../protocol/connection.js'
import type { Controls } from './controls.js'
import { createTurnInputs, type InputSendOptions, type TurnInput } from './turn-input.js'
import type { ClaudeLine, ContentBlock } from '../messages/lines.js'
import type { ClaudeMessage, ResultMessage } from '../messages/messages.js'
import type { TurnState } from '../protocol/turn-state.js'

/** One prompt and its answer. `Output` is the type of the structured output, if `outputSchema` is a schema of a library. */
export interface Turn<Output = unknown> extends SignalStream<ClaudeMessage, string> {
  /**
   * The lines as the CLI wrote them, instead of the messages.
   *
   * @example
   * ```ts
   * import type { Turn } from 'signalbox/claude'
   *
   * declare const turn: Turn
   * for await (const line of turn.lines()) console.log(line.type)
   * ```
   */
  lines(): SignalStream<ClaudeLine, string>
  /**
   * Waits for the end of the turn. Rejects with the typed failure. A turn can be awaited and iterated, in either order: lines are
   * kept for a later reader, up to 1 MiB.
   *
   * @example
   * ```ts
   * import type { Turn } from 'signalbox/claude'
   *
   * declare const turn: Turn
   * const { text, costUsd } = await turn.result()
   * ```
   */
  result(): Promise<ResultMessage<Output>>
  /**
   * Waits for the end of the turn and gives the whole answer as text. Rejects like `result`.
   *
   * @example
   * ```ts
   * import type { Turn } from 'signalbox/claude'
   *
   * declare const turn: Turn
   * console.log(await turn.text())
   * ```
   */
  text(): Promise<string>
  /**
   * Sends a message into this turn while it runs, and gives its uuid, which `controls.cancelMessage` takes. The turn is over when the CLI
   * has answered this message too. Waits until the turn has begun. Fails with `closed` when the turn is over, and with `unsupported` on
   * CLIs before 2.1.329 that were started without `replayUserMessages`.
   *
   * @example
   * ```ts
   * import type { Turn } from 'signalbox/claude'
   *
   * declare const turn: Turn
   * await turn.send('Use the other file.', { priority: 'next' })
   * ```
   */
  send(content: string | readonly ContentBlock[], options?: InputSendOptions): Promise<string>
  /**
   * Sends every message of a source into this turn. The turn is over when the source has ended and all messages are answered. Resolves when
   * the last message is written. Fails like `send`.
   *
   * @example
   * ```ts
   * import type { Turn, TurnInput } from 'signalbox/claude'
   *
   * declare const turn: Turn
   * declare const messages: AsyncIterable<TurnInput>
   * await turn.streamInput(messages)
   * ```
   */
  streamInput(messages: AsyncIterable<TurnInput> | Iterable<TurnInput>, options?: { readonly signal?: AbortSignal }): Promise<void>
  /** Control requests to the process of this turn. They fail with `closed` when the process of a query is gone. */
  readonly controls: Controls
  /**
   * Stops this turn and keeps its session; resolves when the turn has stopped. A turn whose message was not sent yet is taken
   * back, and fails as `aborted` with `sent: 'no'`. A CLI that does not stop within 5 seconds is ended.
   *
   * @example
   * ```ts
   * import type { Turn } from 'signalbox/claude'
   *
   * declare const turn: Turn
   * await turn.interrupt()
   * ```
   */
  interrupt(): Promise<void>
  /**
   * Stops the turn, like `close`, but does not wait. `reason` becomes the cause of the failure.
   *
   * @example
   * ```ts
   * import type { Turn } from 'signalbox/claude'
   *
   * declare const turn: Turn
   * turn.abort(new Error('no longer needed'))
   * ```
   */
  abort(reason?: unknown): void
  /** The session of the CLI. Undefined until the first line has arrived. */
  readonly sessionId: string | undefined
  /** True when the CLI began this turn by itself, for example after a background agent was done. */
  readonly unsolicited: boolean
}

export interface TurnHandle {
  readonly state: TurnState
  /** The connection, when the first message of the turn was written. */
  readonly begun: Promise<Connection>
  readonly controls: Controls
  /** Settles when the turn is over and all policies have seen it. */
  readonly finished: Promise<TurnState>
  interrupt(): Promise<void>
  /** Stops the turn and resolves when it has stopped. */
  abandon(reason: unknown): Promise<void>
  readonly unsolicited?: boolean
  /** Checks the structured output of the result. */
  readonly outputSchema?: OutputSchema | undefined
}

export function createTurn(handle: TurnHandle): Turn {
  const { state, finished } = handle
  const deriver = createDeriver({ end: (line) => state.endFor(line) })

  const derive = (lines: readonly ClaudeLine[]): ClaudeMessage[] => {
    const out: ClaudeMessage[] = []
    for (const line of lines) deriver.line(line, out)
    return out
  }
  const close = async (): Promise<void> => {
    // A turn that is over needs no stop.
    if (!state.ended) await handle.abandon(undefined)
    state.discard()
  }
  const source: StreamSource<ClaudeMessage, string> = {
    async pull() {
      const lines = await state.read()
      return lines && derive(lines)
    },
    close,
    cursorOf: ({ raw }) => raw.uuid,
  }
  const stream = createStream(source)

  const result = async (): Promise<ResultMessage> => {
    state.awaitOnly()
    const { lastEnd } = await finished
    if (!lastEnd) throw new Error('a turn was finished without an end')
    if (lastEnd.error) throw lastEnd.error
    // Derived a second time, because the reader may not have reached the result, or may not exist.
    const message = derive([lastEnd.line]).at(-1) as ResultMessage
    const { outputSchema } = handle
    return outputSchema ? { ...message, structuredOutput: await checkedOutput(outputSchema, message.structuredOutput) } : message
  }

  return {
    ...createTurnInputs(handle),
    controls: handle.controls,
    get cursor() {
      return stream.cursor
    },
    [Symbol.asyncIterator]() {
      state.beginReading()
      return stream[Symbol.asyncIterator]()
    },
    batches() {
      state.beginReading()
      return stream.batches()
    },
    lines() {
      state.beginReading()
      return createStream<ClaudeLine, string>({ pull: state.read, close, cursorOf: ({ uuid }) => uuid })
    },
    close: () => stream.close(),
    [Symbol.asyncDispose]: () => stream.close(),
    result,
    text: async () => (await result()).text,
    interrupt: () => handle.interrupt(),
    abort(reason) {
      void handle.abandon(reason).catch(() => {})
    },
    get sessionId() {
      return state.answer.sessionId
    },
    unsolicited: handle.unsolicited ?? false,
  }
}
