/** The frames of an ask, as both planes bring them. */
import { Kind, type Envelope } from './envelope.js'

export interface EventFrame {
  readonly type: 'event'
  /** Undocumented numbers: look at the payload instead. */
  readonly eventType: number
  /** Parsed JSON; the text itself where it is not JSON; undefined where it is empty. */
  readonly payload: unknown
}
export interface PinRequiredFrame {
  readonly type: 'pin_required'
  readonly challengeId: string
  readonly label: string
  /** The upfront PIN was sent in answer: do not answer again. */
  readonly answered?: true
}
export interface PinDeniedFrame {
  readonly type: 'pin_denied'
  readonly challengeId: string
  readonly reason: string
}
export interface ConfirmRequiredFrame {
  readonly type: 'confirm_required'
  readonly token: string
  readonly plan: string
  readonly dangerLevel: string
}
/** The last frame. `success: false` is an outcome and no error: a refused plan ends so. */
export interface DoneFrame {
  readonly type: 'done'
  readonly success: boolean
  readonly text: string
  readonly error: string
  readonly durationMs: number
}
/** What this client has no name for, as it came. */
export interface UnknownFrame {
  readonly type: 'unknown'
  readonly raw: unknown
}
export type AskFrame = EventFrame | PinRequiredFrame | PinDeniedFrame | ConfirmRequiredFrame | DoneFrame | UnknownFrame

/** Null for what ends the ask in another way than by `done`. */
export function frameOf({ kind, payload }: Envelope): AskFrame | null {
  if (kind === Kind.ERROR || kind === Kind.RESPONSE) return null
  if (payload.case === 'done') {
    const { success, text, error, durationMs } = payload.value
    return { type: 'done', success, text, error, durationMs }
  }
  // A DONE without its body still ends the ask; nobody said that it went well.
  if (kind === Kind.DONE) return { type: 'done', success: false, text: '', error: '', durationMs: 0 }
  // The schema has the two questions twice, as callbacks and as frames; they mean the same.
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

function payloadOf(text: string): unknown {
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
