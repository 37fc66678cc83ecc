/** The frames of a 2.0 ask, in the shapes that 1.x has. */
import type { SignalboxError } from '../../errors.js'
import type { CoreFacts } from '../core-protocol.js'
import { unexpectedAnswer } from '../core-v1.js'
import { payloadOf, type AskFrame, type DoneFrame, type EventName, type RunFigures, type StreamErrorFrame } from '../frames.js'
import { AgentEventTypeSchema, AskStreamErrorCodeSchema, type AskDone } from '../gen/cmdop/core/v2/contract_pb.js'
import { KIND } from '../wire.js'
import type { Envelope } from './envelope.js'
import { failureOf, streamFailureOf } from './failures.js'

export interface FrameReader {
  /** The content of an envelope of the ask: a frame to show, or the failure that ends the ask. */
  read(envelope: Envelope): { readonly frame?: AskFrame; readonly failure?: SignalboxError }
}

/** Keeps the error frame of an ask, because the core says only that no `done` followed. */
export function createFrameReader(facts: CoreFacts): FrameReader {
  let failed: StreamErrorFrame | undefined
  return {
    read({ kind, payload }) {
      if (kind === KIND.error) {
        return { failure: failed ? streamFailureOf(failed.code, failed.message, facts) : failureOf(payload, facts, true) }
      }
      if (kind === KIND.done) {
        return payload.case === 'askDone' ? { frame: doneOf(payload.value) } : { failure: unexpectedAnswer(payload.case, facts) }
      }
      if (kind === KIND.response) return { failure: unexpectedAnswer(payload.case, facts) }
      if (payload.case === 'askEvent') {
        const { eventType, payloadJson, machineId } = payload.value
        const name = AgentEventTypeSchema.value[eventType]?.localName.toLowerCase()
        const named = name === undefined || eventType === 0 ? {} : { eventName: name as EventName }
        const from = machineId === undefined ? {} : { machineId }
        return { frame: { type: 'event', eventType, ...named, payload: payloadOf(payloadJson), ...from } }
      }
      if (payload.case === 'askStreamError') {
        const { code, message } = payload.value
        const name = AskStreamErrorCodeSchema.value[code]?.localName.toLowerCase() ?? `unknown:${code}`
        failed = { type: 'error', code: name as StreamErrorFrame['code'], message }
        return { frame: failed }
      }
      return { frame: { type: 'unknown', raw: payload } }
    },
  }
}

function doneOf(done: AskDone): DoneFrame {
  const { success, text, error = '' } = done
  const figures: RunFigures = {
    ...counts(done),
    ...field('costUsd', done.costUsd),
    ...field('costSource', done.costSource),
    ...field('engine', done.engine),
    ...field('model', done.model),
    ...field('provider', done.provider),
    ...field('upstreamStatus', done.upstreamStatus),
    ...field('detail', done.detail),
    ...field('machineId', done.machineId),
  }
  return { type: 'done', success, text, error, durationMs: 0, ...figures }
}

function counts(done: AskDone): RunFigures {
  const names = ['inputTokens', 'outputTokens', 'totalTokens', 'cacheReadTokens', 'cacheWriteTokens'] as const
  return Object.fromEntries(names.flatMap((name) => (done[name] === undefined ? [] : [[name, Number(done[name])]])))
}

const field = <Key extends keyof RunFigures>(key: Key, value: RunFigures[Key] | undefined): Partial<RunFigures> =>
  value === undefined ? {} : { [key]: value }
