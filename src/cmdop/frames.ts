/** The frames of an ask, as both planes bring them. */
import { Kind, type Envelope } from './envelope.js'
import type { UnknownEnum } from './plain.js'

/** Kinds of events that a core 2.0 names. */
export type EventName =
  | 'token'
  | 'tool_start'
  | 'tool_end'
  | 'thinking'
  | 'error'
  | 'cancelled'
  | 'media'
  | 'plan_update'
  | 'verify'
  | 'sub_agent'
  | 'diff'
  | 'notice'
  | 'ask_user'

/** Something that the agent did or said. */
export interface EventFrame {
  readonly type: 'event'
  /** A number, which 1.x does not document: look at the payload instead. */
  readonly eventType: number
  /** The name of the number. Core 2.0 only, and only for numbers that have a name. */
  readonly eventName?: EventName
  /** Parsed JSON; the text itself if it is not JSON; undefined if it is empty. */
  readonly payload: unknown
  /** The machine that the event comes from. Core 2.0 only. */
  readonly machineId?: string
}
/** Core 2.0: the run has failed on the relay. `done` without success, or an error, follows. */
export interface StreamErrorFrame {
  readonly type: 'error'
  /** What went wrong. */
  readonly code: 'machine_offline' | 'no_targets' | 'internal' | 'pin_denied' | 'unspecified' | UnknownEnum
  /** The reason in words. */
  readonly message: string
}
/** The machine asks for its PIN. Answer with `stream.pin()`. Core 1.x and REST. */
export interface PinRequiredFrame {
  readonly type: 'pin_required'
  /** What the answer must name. */
  readonly challengeId: string
  /** How the machine calls the PIN. */
  readonly label: string
  /** The upfront PIN was sent in answer: do not answer again. */
  readonly answered?: true
}
/** The PIN was wrong. The machine may ask again. Core 1.x and REST. */
export interface PinDeniedFrame {
  readonly type: 'pin_denied'
  readonly challengeId: string
  /** Why, in the words of the machine. */
  readonly reason: string
}
/** The machine asks whether it may carry out a plan. Answer with `stream.confirm()`. Core 1.x and REST. */
export interface ConfirmRequiredFrame {
  readonly type: 'confirm_required'
  /** What the answer must name. */
  readonly token: string
  /** What the machine is about to do. */
  readonly plan: string
  /** How dangerous the machine takes it for: `medium` if it does not say. */
  readonly dangerLevel: string
}
/** The last frame. `success: false` is an outcome, not an error: a refused plan ends so. */
export interface DoneFrame extends RunFigures {
  readonly type: 'done'
  /** False if the agent did not succeed, or a plan was refused. */
  readonly success: boolean
  /** The whole answer; '' if the events hold it. */
  readonly text: string
  /** The reason of a failure; '' otherwise. */
  readonly error: string
  /** 0 over a core 2.0, which does not say it. */
  readonly durationMs: number
}
/** What a core 2.0 says about a finished run. Absent members were not given. */
export interface RunFigures {
  /** Tokens that the model read. */
  readonly inputTokens?: number
  /** Tokens that the model wrote. */
  readonly outputTokens?: number
  /** All tokens. */
  readonly totalTokens?: number
  /** Tokens that came from the cache. */
  readonly cacheReadTokens?: number
  /** Tokens that went into the cache. */
  readonly cacheWriteTokens?: number
  /** The cost in US dollars. */
  readonly costUsd?: number
  /** Where the cost comes from, in the relay's own words. */
  readonly costSource?: string
  /** The engine that ran the agent. */
  readonly engine?: string
  /** The model that it used. */
  readonly model?: string
  /** The model's provider. */
  readonly provider?: string
  /** The HTTP status that the provider answered with. */
  readonly upstreamStatus?: number
  /** More about a failure. */
  readonly detail?: string
  /** The machine that ran it. */
  readonly machineId?: string
}
/** A frame that this client does not know, as it came. */
export interface UnknownFrame {
  readonly type: 'unknown'
  /** The frame as it came. */
  readonly raw: unknown
}
/** One frame of an ask, told apart by `type`. */
export type AskFrame =
  | EventFrame
  | StreamErrorFrame
  | PinRequiredFrame
  | PinDeniedFrame
  | ConfirmRequiredFrame
  | DoneFrame
  | UnknownFrame

/** Null for what ends the ask in another way than by `done`. */
export function frameOf({ kind, payload }: Envelope): AskFrame | null {
  if (kind === Kind.ERROR || kind === Kind.RESPONSE) return null
  if (payload.case === 'done') {
    const { success, text, error, durationMs } = payload.value
    return { type: 'done', success, text, error, durationMs }
  }
  // A DONE without its body ends the ask too, without success.
  if (kind === Kind.DONE) return { type: 'done', success: false, text: '', error: '', durationMs: 0 }
  // The schema defines the two questions twice, as callbacks and as frames. Both mean the same.
  const inner = payload.case === 'askFrame' ? payload.value.frame : payload
  switch (inner.case) {
    case 'event':
      return { type: 'event', eventType: inner.value.eventType, payload: payloadOf(inner.value.payloadJson) }
    case 'pinRequired':
      return { type: 'pin_required', challengeId: inner.value.challengeId, label: inner.value.label }
    case 'pinDenied':
      return { type: 'pin_denied', challengeId: inner.value.challengeId, reason: inner.value.reason }
    case 'confirmRequired':
      return confirmFrame(inner.value.token, inner.value.plan, inner.value.dangerLevel)
    default:
      return { type: 'unknown', raw: payload }
  }
}

export function confirmFrame(token: string, plan: string, dangerLevel: string): ConfirmRequiredFrame {
  return { type: 'confirm_required', token, plan, dangerLevel: dangerLevel || 'medium' }
}

/** The payload of an event. Both generations send it as JSON text. */
export function payloadOf(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** The words that an event adds to the answer, if it adds any. */
export function wordsOf(payload: unknown): string {
  if (typeof payload !== 'object' || payload === null) return ''
  const { delta, text } = payload as { readonly delta?: unknown; readonly text?: unknown }
  if (typeof delta === 'string' && delta !== '') return delta
  return typeof text === 'string' ? text : ''
}
