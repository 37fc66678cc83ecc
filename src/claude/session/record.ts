/** The state of a session: counts, cost, last prompt and answer. Emits the events and saves the state when it changes. */
import type { SignalboxError } from '../../errors.js'
import type { RunContext } from '../run/run-context.js'
import type { ClaudeEvent, EventEmitter } from '../ops/events.js'
import { roundUsd } from '../messages/meter.js'
import type { SessionOptions, SessionOrigin, SessionStats } from './types.js'
import type { SessionState } from './state.js'
import type { TurnEnd } from '../messages/turn-end.js'
import { tokensOf } from '../messages/usage.js'

export interface OpenTurn {
  readonly number: number
  readonly prompt: string
  readonly since: number
}

export interface RecordParts {
  readonly context: RunContext
  readonly events: EventEmitter | undefined
  readonly session: SessionOptions
  readonly origin: SessionOrigin
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

export type SessionRecord = ReturnType<typeof createSessionRecord>

export function createSessionRecord({ context, events, session, origin }: RecordParts) {
  const { store, options = {} } = session
  const { clock } = context
  const now = (): string => new Date(clock.now()).toISOString()
  const secondsSince = (since: number): number => (clock.monotonic() - since) / 1000
  const before = origin.state
  const startedAt = clock.monotonic()
  const createdAt = before?.createdAt ?? now()
  const state: Writable<SessionState> = {
    turnCount: 0,
    totalInputTokens: 0,
    totalOutputTokens: 0,
    totalCostUsd: 0,
    messagesHash: '',
    lastPrompt: '',
    lastResponse: '',
    tags: session.tags ?? [],
    toonSavingsRatio: 0,
    ...before,
    sessionId: origin.resume ?? before?.sessionId ?? session.sessionId ?? crypto.randomUUID(),
    createdAt,
    updatedAt: createdAt,
    status: 'active',
    model: options.model ?? before?.model ?? 'default',
    systemPrompt: options.systemPrompt ?? null,
    appendSystemPrompt: options.appendSystemPrompt ?? null,
    metadata: session.metadata ?? before?.metadata ?? {},
  }
  const { sessionId } = state
  const model = options.model ?? before?.model
  let saving: Promise<void> = Promise.resolve()

  const emit = (event: object): void =>
    events?.emit({ ...event, timestamp: now(), sessionId, metadata: session.metadata ?? {} } as ClaudeEvent)
  const tell = (type: string, more: object = {}): void => {
    const { turnCount, totalInputTokens, totalOutputTokens } = state
    emit({ type, model, turnCount, totalTokens: totalInputTokens + totalOutputTokens, ...more })
  }
  const tellError = (error: SignalboxError): void =>
    tell('session.error', { errorType: error.name, errorMessage: error.message, error })

  // Saves run one after the other, so that an older state does not overwrite a newer one.
  const save = (): void => {
    state.updatedAt = now()
    if (!store) return
    const saved = { ...state }
    saving = saving.then(async () => {
      try {
        await store.save(saved)
        tell('session.persisted')
      } catch (error) {
        context.onEvent({ type: 'store_failed', error })
      }
    })
    void context.track(saving)
  }

  tell('session.created', { tags: [...state.tags] })
  if (origin.resume !== undefined) tell('session.resumed', { previousTurnCount: state.turnCount })
  if (before) tell('session.loaded')

  return {
    /** The current state. Later turns change the object. */
    state: state as SessionState,
    setTags(tags: Iterable<string>): void {
      state.tags = [...new Set(tags)]
    },
    toState: (): SessionState => ({ ...state, tags: [...state.tags] }),
    turnStarted(prompt: string, unsolicited: boolean): OpenTurn {
      state.turnCount += 1
      const number = state.turnCount
      emit({ type: 'turn.started', turnNumber: number, prompt, contextSize: 0, unsolicited })
      return { number, prompt, since: clock.monotonic() }
    },
    async turnEnded({ number, prompt, since }: OpenTurn, { line, text: response, costUsd, error }: TurnEnd): Promise<void> {
      const tokens = tokensOf(line)
      const durationSeconds = secondsSince(since)
      state.totalInputTokens += tokens.inputTokens
      state.totalOutputTokens += tokens.outputTokens
      state.totalCostUsd = roundUsd(state.totalCostUsd + costUsd)
      state.lastPrompt = prompt
      state.lastResponse = response
      emit({ type: 'turn.completed', turnNumber: number, prompt, response, durationSeconds, costUsd, error, model, ...tokens })
      if (error) tellError(error)
      state.messagesHash = await chained(`${state.messagesHash}:${prompt}:${response}`)
      save()
    },
    turnFailed(error: SignalboxError): void {
      tellError(error)
      save()
    },
    stats(): SessionStats {
      const { turnCount: totalTurns, totalInputTokens, totalOutputTokens, totalCostUsd } = state
      const totalTokens = totalInputTokens + totalOutputTokens
      const durationSeconds = secondsSince(startedAt)
      return { sessionId, totalTurns, totalInputTokens, totalOutputTokens, totalTokens, totalCostUsd, durationSeconds }
    },
    async closed(): Promise<void> {
      state.status = 'closed'
      save()
      await saving
      tell('session.closed', { durationSeconds: secondsSince(startedAt), totalCostUsd: state.totalCostUsd })
    },
  }
}

/** ccflow's hash over prompts and answers. Equal hashes mean equal conversations. */
async function chained(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest, 0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
