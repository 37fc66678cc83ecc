/**
 * The few requests of JetStream that a store needs, over a connection of the caller. A publish is repeated under the same id, which the
 * server stores once.
 */
import type { Msg, NatsConnection } from '@nats-io/nats-core'
import type { Clock } from '../../src/core/clock.js'
import { watchConnection } from './connected.js'
import { API, apiError, isPassing, mayBeStored, tooLarge, type ApiFailure } from './failures.js'
import { readPage, type Page } from './pages.js'
import { createPersist } from './persist.js'
import { createConcurrencyLimit } from './concurrency-limit.js'
import { fromJson, parse, toHeaders, type Headers, type RawMessage, type Stored } from './wire.js'

/** `refused`: the expected sequence is not the present one. `maybe`: an earlier attempt had no answer, so that one may be stored. */
export type Published = { readonly seq: number; readonly refused?: undefined } | { readonly refused: true; readonly maybe: boolean }

export interface Message {
  readonly subject: string
  readonly bytes: Uint8Array
  readonly headers: Headers
}

export interface JetStream {
  readonly clock: Clock
  /** The bytes that a message may have, without its headers. */
  readonly maxBytes: number
  /** Asks the API. An error in the answer rejects, except for a code in `expected`: then the result is undefined. */
  ask<Result>(label: string, verb: string, body?: unknown, expected?: readonly number[]): Promise<Result | undefined>
  /** Stores a message under an id. */
  publish(label: string, message: Message): Promise<Published>
  /** Stores all of these messages or none. The sequence is that of the last one. */
  publishAll(label: string, messages: readonly Message[]): Promise<Published>
  /** The newest message of a subject, as the leader of the stream knows it. */
  last(label: string, subject: string): Promise<Stored | undefined>
  /** The newest message, to find out whether it is that of a write without an answer. A failure rejects with `sent: 'maybe'`. */
  lastAfterWrite(label: string, subject: string): Promise<Stored | undefined>
  /** Messages of a subject from a sequence on. In a cluster, they may come from a replica that is behind. */
  page(label: string, subject: string, seq: number, limits: { readonly messages: number; readonly bytes: number }): Promise<Page>
  /** Calls back with the sequence of each announcement of the server, and without one after each reconnect. */
  listen(subject: string, heard: (seq: number | undefined) => void): () => void
  /** The connection is closed for good. */
  readonly isOver: boolean
  close(): void
}

export const HEADER = {
  id: 'Nats-Msg-Id',
  expected: 'Nats-Expected-Last-Subject-Sequence',
  expectedOn: 'Nats-Expected-Last-Subject-Sequence-Subject',
  rollup: 'Nats-Rollup',
  ttl: 'Nats-TTL',
} as const

/** Kept free of a message for its headers: the sizes of 1,024 entries, a long key, and the ids. */
const HEADER_BYTES = 12 * 1024

/** A message of this size is sent again although an earlier attempt may still be on its way. */
const SMALL_BYTES = 64 * 1024

/** A server takes 50 batches of one stream at a time, from all clients together. */
const BATCHES = 8

export interface JetStreamOptions {
  readonly connection: NatsConnection
  readonly stream: string
  /** `$JS.API`, or that of a domain. */
  readonly api: string
  readonly timeoutMs: number
  readonly clock: Clock
}

export function createJetStream({ connection, stream, api, timeoutMs, clock }: JetStreamOptions): JetStream {
  const connected = watchConnection(connection)
  const limited = createConcurrencyLimit(BATCHES)
  const persist = createPersist(connection, connected, clock, timeoutMs)
  const maxBytes = (): number => (connection.info?.max_payload ?? 1_048_576) - HEADER_BYTES

  const checkSize = (label: string, { byteLength }: Uint8Array): void => {
    if (byteLength > maxBytes()) throw tooLarge(label, byteLength, maxBytes())
  }

  const ask: JetStream['ask'] = async <Result>(label: string, verb: string, body?: unknown, expected: readonly number[] = []) => {
    const payload = body === undefined ? '' : JSON.stringify(body)
    const { result } = await persist(
      label,
      async (timeout) => {
        const answer = parse<Result & { error?: ApiFailure }>(
          await connection.request(`${api}.${verb}.${stream}`, payload, { timeout }),
        )
        if (!answer.error) return { answer }
        if (isPassing(answer.error)) return undefined
        if (expected.includes(answer.error.err_code ?? 0)) return { answer: undefined }
        throw apiError(label, answer.error)
      },
      { hasEffect: false, overlaps: true },
    )
    return result.answer
  }

  const last: JetStream['last'] = async (label, subject) => {
    const answer = await ask<{ message: RawMessage }>(label, 'STREAM.MSG.GET', { last_by_subj: subject }, [API.noMessage])
    return answer && fromJson(answer.message)
  }

  return {
    clock,
    get maxBytes() {
      return maxBytes()
    },
    ask,
    async publish(label, { subject, bytes, headers }) {
      checkSize(label, bytes)
      const { result, maybe } = await persist(
        label,
        async (timeout) => outcomeOf(label, await connection.request(subject, bytes, { headers: toHeaders(headers), timeout })),
        // The id of the message makes all attempts one write.
        { hasEffect: true, overlaps: bytes.byteLength <= SMALL_BYTES },
      )
      return result.refused ? { refused: true, maybe } : result
    },
    async publishAll(label, messages) {
      for (const { bytes } of messages) checkSize(label, bytes)
      const attempt = (timeout: number) =>
        limited(async () => {
          const batch = crypto.randomUUID()
          const fields = (index: number): Headers => ({
            ...messages[index]?.headers,
            'Nats-Batch-Id': batch,
            'Nats-Batch-Sequence': index + 1,
          })
          const last = messages.length - 1
          for (const [index, { subject, bytes }] of messages.slice(0, last).entries()) {
            const reply = await connection.request(subject, bytes, { headers: toHeaders(fields(index)), timeout })
            // The answer is empty when the server accepted the message.
            if (reply.data.byteLength > 0) return outcomeOf(label, reply)
          }
          const { subject = '', bytes } = messages[last] ?? {}
          const headers = toHeaders({ ...fields(last), 'Nats-Batch-Commit': 1 })
          return outcomeOf(label, await connection.request(subject, bytes, { headers, timeout }))
        })
      const { result, maybe } = await persist(label, attempt, { hasEffect: true })
      return result.refused ? { refused: true, maybe } : result
    },
    last,
    lastAfterWrite: (label, subject) =>
      last(label, subject).catch((error: unknown) => {
        throw mayBeStored(error)
      }),
    async page(label, subject, seq, limits) {
      const request = { seq: Math.max(1, seq), next_by_subj: subject, batch: limits.messages, max_bytes: limits.bytes }
      const at = `${api}.DIRECT.GET.${stream}`
      return (await persist(label, (timeout) => readPage(connection, clock, label, at, request, timeout), { hasEffect: false }))
        .result
    },
    listen(subject, heard) {
      const subscription = connection.subscribe(subject, {
        callback: (error, message) => heard(error ? undefined : Number(message.headers?.last('Nats-Sequence'))),
      })
      const ignore = connected.onBack(() => heard(undefined))
      return () => {
        ignore()
        if (!subscription.isClosed()) subscription.unsubscribe()
      }
    },
    get isOver() {
      return connection.isClosed() || connection.isDraining()
    },
    close: connected.close,
  }
}

/** The server's answer to a publish, or undefined when it asks to try again. */
function outcomeOf(
  label: string,
  reply: Msg,
): { readonly seq: number; readonly refused?: undefined } | { readonly refused: true } | undefined {
  const { error, seq } = parse<{ error?: ApiFailure; seq: number }>(reply)
  if (!error) return { seq }
  if (error.err_code === API.wrongSequence || error.err_code === API.wrongSequenceUnknown) return { refused: true }
  if (isPassing(error)) return undefined
  throw apiError(label, error)
}
