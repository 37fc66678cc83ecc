/** Answers of the simulator. */
import type { Complaint } from './validate.js'
import { ExactNumber } from './python-json.js'

/** An answer as it is sent. */
export interface SimulatedAnswer {
  /** Distinguishes an answer from a cut connection. */
  readonly kind: 'answer'
  /** The HTTP status. */
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The whole body. */
  readonly body: string
  /** The connection is cut after the answer, without a header that says so. */
  readonly close?: boolean
  /** Only a part of the body is sent. */
  readonly truncated?: boolean
}

/** The result of a request: an answer, a connection that is cut, or no server that listens. */
export type SimulatedOutcome = SimulatedAnswer | { readonly kind: 'reset' } | { readonly kind: 'refused' }

/** Ends the handling of a request with an answer. */
export class Answered extends Error {
  constructor(readonly answer: SimulatedAnswer) {
    super(`answered ${answer.status}`)
  }
}

export function json(status: number, body: unknown): SimulatedAnswer {
  const text = JSON.stringify(body, (_key, value: unknown) => (value instanceof ExactNumber ? value.value : value))
  return { kind: 'answer', status, headers: { 'content-type': 'application/json' }, body: text }
}

export const plain = (status: number, body: string, headers: Readonly<Record<string, string>> = {}): SimulatedAnswer => ({
  kind: 'answer',
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
  body,
})

export const detail = (status: number, text: unknown): Answered => new Answered(json(status, { detail: text }))

/** Ends the request with 422 if a check has failed. */
export function refuseIf(complaints: readonly Complaint[]): void {
  if (complaints.length > 0) throw detail(422, complaints)
}

export const internalError = (): SimulatedAnswer => ({ ...plain(500, 'Internal Server Error'), close: true })
