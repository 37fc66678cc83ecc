/** What a session knows about itself: counts, cost, the last words, and the events and saves that follow from them. */
import { sha256Hex } from '../core/sha256.js'
import type { SignalboxError } from '../errors.js'
import type { ClaudeCore } from './core.js'
import type { ClaudeEvent, EventEmitter } from './events.js'
import type { SessionOptions, SessionOrigin } from './session-types.js'
import type { SessionState } from './session-state.js'
import type { TurnEnd } from './turn-end.js'
import { tokensOf } from './usage.js'

export interface SessionStats {
  readonly sessionId: string
  readonly totalTurns: number
  readonly totalInputTokens: number
  readonly totalOutputTokens: number
  readonly totalTokens: number
  readonly totalCostUsd: number
  readonly durationSeconds: number
}

export interface OpenTurn {
  readonly number: number
  readonly prompt: string
  readonly since: number
}

export interface RecordParts {
  readonly core: ClaudeCore
  readonly events: EventEmitter | undefined
  readonly session: SessionOptions
  readonly origin: SessionOrigin
}

export function createSessionRecord({ core, events, session, origin }: RecordParts) {
  const { store, options = {} } = session
  const now = (): string => new Date(core.clock.now()).toISOString()
  const before = origin.state
  const id = origin.resume ?? before?.sessionId ?? session.sessionId ?? crypto.randomUUID()
  const startedAt = core.clock.monotonic()
  const createdAt = before?.createdAt ?? now()
  const tags = new Set(before?.tags ?? session.tags ?? [])
  let updatedAt = createdAt
  let status: SessionState['status'] = 'active'
  let turnCount = before?.turnCount ?? 0
  let totalInputTokens = before?.totalInputTokens ?? 0
  let totalOutputTokens = before?.totalOutputTokens ?? 0
  let totalCostUsd = before?.totalCostUsd ?? 0
  let messagesHash = before?.messagesHash ?? ''
  let lastPrompt = before?.lastPrompt ?? ''
  let lastResponse = before?.lastResponse ?? ''
  let model = options.model ?? before?.model
  let saving: Promise<void> = Promise.resolve()

  const facts = () => ({ model, turnCount, totalTokens: totalInputTokens + totalOutputTokens })
  const emit = (event: object): void =>
    events?.emit({ ...event, timestamp: now(), sessionId: id, metadata: session.metadata ?? {} } as ClaudeEvent)

  const toState = (): SessionState => ({
    sessionId: id,
    createdAt,
    updatedAt,
    status,
    model: model ?? 'default',
    systemPrompt: options.systemPrompt ?? null,
    appendSystemPrompt: options.appendSystemPrompt ?? null,
    turnCount,
    totalInputTokens,
    totalOutputTokens,
    totalCostUsd,
    messagesHash,
    lastPrompt,
    lastResponse,
    tags: [...tags],
    metadata: session.metadata ?? before?.metadata ?? {},
    toonSavingsRatio: 0,
  })

  // One save after the other, so that an older state never overwrites a newer one.
  const save = (): void => {
    if (!store) return
    const state = toState()
    saving = saving.then(async () => {
      try {
        await store.save(state)
        emit({ type: 'session.persisted', ...facts() })
      } catch (error) {
        core.onEvent({ type: 'store_failed', error })
      }
    })
    void core.track(saving)
  }

  emit({ type: 'session.created', ...facts(), tags: [...tags] })
  if (origin.resume !== undefined) emit({ type: 'session.resumed', ...facts(), previousTurnCount: turnCount })
  if (before) emit({ type: 'session.loaded', ...facts() })

  return {
    id,
    createdAt,
    get updatedAt() {
      return updatedAt
    },
    get turnCount() {
      return turnCount
    },
    get totalCostUsd() {
      return totalCostUsd
    },
    get lastPrompt() {
      return lastPrompt
    },
    get lastResponse() {
      return lastResponse
    },
    get tags() {
      return [...tags]
    },
    addTag: (tag: string) => void tags.add(tag),
    removeTag: (tag: string) => void tags.delete(tag),
    toState,
    save,
    turnStarted(prompt: string, unsolicited: boolean): OpenTurn {
      turnCount += 1
      emit({ type: 'turn.started', turnNumber: turnCount, prompt, contextSize: 0, unsolicited })
      return { number: turnCount, prompt, since: core.clock.monotonic() }
    },
    turnEnded({ number, prompt, since }: OpenTurn, end: TurnEnd): void {
      const tokens = tokensOf(end.line)
      updatedAt = now()
      totalInputTokens += tokens.inputTokens
      totalOutputTokens += tokens.outputTokens
      totalCostUsd = Math.round((totalCostUsd + end.costUsd) * 1e9) / 1e9
      lastPrompt = prompt
      lastResponse = end.text
      messagesHash = sha256Hex(`${messagesHash}:${prompt}:${end.text}`).slice(0, 16)
      const durationSeconds = (core.clock.monotonic() - since) / 1000
      const { text: response, costUsd, error } = end
      emit({ type: 'turn.completed', turnNumber: number, prompt, response, durationSeconds, costUsd, error, model, ...tokens })
      if (error) emit({ type: 'session.error', ...facts(), errorType: error.name, errorMessage: error.message, error })
      save()
    },
    turnFailed(error: SignalboxError): void {
      updatedAt = now()
      emit({ type: 'session.error', ...facts(), errorType: error.name, errorMessage: error.message, error })
      save()
    },
    stats: (): SessionStats => ({
      sessionId: id,
      totalTurns: turnCount,
      totalInputTokens,
      totalOutputTokens,
      totalTokens: totalInputTokens + totalOutputTokens,
      totalCostUsd,
      durationSeconds: (core.clock.monotonic() - startedAt) / 1000,
    }),
    async closed(): Promise<void> {
      status = 'closed'
      updatedAt = now()
      save()
      await saving
      emit({ type: 'session.closed', ...facts(), durationSeconds: (core.clock.monotonic() - startedAt) / 1000, totalCostUsd })
    },
    useModel(resolved: string | undefined): void {
      model ??= resolved
    },
  }
}
