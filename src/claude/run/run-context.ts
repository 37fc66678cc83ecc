/** The parts that all runs of one client share. `query` without a client needs only these. */
import { createCaller, type Caller, type ClientOptions, type Interceptor } from '../../core/call.js'
import { systemClock, type Clock } from '../../core/clock.js'
import type { StreamTransport } from '../../transport.js'
import type { Answer } from '../messages/answer.js'
import type { ClaudeLaunch } from '../launch/launch.js'
import type { ClaudeLine } from '../messages/lines.js'
import type { InvalidLine } from '../messages/schema.js'
import type { Spent } from '../messages/meter.js'

/** Options that `query` and `createClaude` share. */
export interface ClaudeBaseOptions extends ClientOptions {
  /** The transport that runs the CLI: `claudeProcess` of `signalbox/node`, a gateway, or the Messages API. */
  readonly transport: StreamTransport<ClaudeLaunch>
  /** How long the CLI may take to answer a control request, `initialize` included. Default one minute. */
  readonly controlTimeoutMs?: number
  /** `maxLineBytes` bounds a line of the CLI. Default 32 MiB. */
  readonly limits?: { readonly maxLineBytes?: number }
  /** Called for problems that fail no call: broken lines, callbacks that failed, flags that an old CLI does not know. */
  readonly onEvent?: (event: ClaudeClientEvent) => void
}

/** The argument of `onEvent`. */
export type ClaudeClientEvent =
  | InvalidLine
  | { readonly type: 'noise' }
  | { readonly type: 'callback_failed'; readonly what: string; readonly error: unknown }
  | { readonly type: 'fallback'; readonly reason: string; readonly error: unknown }
  | { readonly type: 'store_failed'; readonly error: unknown }

export interface RunContext {
  readonly transport: StreamTransport<ClaudeLaunch>
  readonly caller: Caller
  readonly clock: Clock
  readonly timeoutMs: number
  readonly controlTimeoutMs: number
  readonly limits: { readonly maxLineBytes?: number } | undefined
  readonly validate: (line: ClaudeLine) => void
  readonly onEvent: (event: ClaudeClientEvent) => void
  /** Aborted when the client is closed; runs under way then end. */
  readonly life: AbortSignal | undefined
  /** Called once for every line of every turn. A result comes with the cost and tokens that it adds to earlier results. */
  readonly observe?: ((line: ClaudeLine, answer: Answer, spent?: Spent) => void) | undefined
  /** Counts work that outlives its call, so that closing the client can wait for it; its failure goes to the other callers that await it. */
  track<T>(work: Promise<T>): Promise<T>
}

const TURN_TIMEOUT_MS = 300_000

export interface RunContextParts {
  readonly interceptors?: readonly Interceptor[]
  readonly validate?: ((line: ClaudeLine) => void) | undefined
  readonly observe?: RunContext['observe']
  readonly life?: AbortSignal | undefined
}

export function createRunContext(
  options: ClaudeBaseOptions,
  parts: RunContextParts = {},
): RunContext & { settled(): Promise<void> } {
  const { transport, clock = systemClock, timeoutMs = TURN_TIMEOUT_MS, controlTimeoutMs = 60_000, limits } = options
  const interceptors = [...(options.interceptors ?? []), ...(parts.interceptors ?? [])]
  const running = new Set<Promise<unknown>>()
  return {
    transport,
    caller: createCaller({ system: 'claude', transport: transport.name, interceptors, clock }),
    clock,
    timeoutMs,
    controlTimeoutMs,
    limits,
    validate: parts.validate ?? (() => {}),
    onEvent(event) {
      try {
        options.onEvent?.(event)
      } catch {
        // An observer's failure is its own.
      }
    },
    observe: parts.observe,
    life: parts.life,
    track(work) {
      const settled: Promise<unknown> = work.catch(() => {}).then(() => running.delete(settled))
      running.add(settled)
      return work
    },
    async settled() {
      while (running.size > 0) await Promise.all(running)
    },
  }
}
