/** What an answer looks like on the wire. */
import type { Complaint } from './validate.js'
import { ExactNumber } from './python-json.js'

export interface SimulatedAnswer {
  readonly kind: 'answer'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The connection is cut after the answer, which does not say so. */
  readonly close?: boolean
  /** The body stops here, though more was promised. */
  readonly truncated?: boolean
}

/** What a request gets: an answer, a connection that falls, or a door that is shut. */
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

/** Ends the request when there is anything to complain about. */
export function refuseIf(complaints: readonly Complaint[]): void {
  if (complaints.length > 0) throw detail(422, complaints)
}

export const internalError = (): SimulatedAnswer => ({ ...plain(500, 'Internal Server Error'), close: true })
