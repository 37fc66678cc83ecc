/**
 * Checks each message of a client before the upstream gets a byte of it, and refuses messages that the credential does not cover. A line is
 * serialized again from its parsed form, so a duplicate key cannot mean one thing here and another to the parser of the upstream.
 */
import { encodeFrame, frameDecoder } from '../core/codec/frames.js'
import { encodeNdjson, ndjsonDecoder } from '../core/codec/ndjson.js'
import type { Decoder } from '../core/codec/codec.js'
import { SignalboxError } from '../errors.js'
import { parseLimited, type JsonSizeLimits } from './body.js'
import type { StreamPolicy, UpstreamEvents, Verdict } from './policy/policy.js'
import { Refusal } from './refusal.js'
import { allows, nameOf, type Grant } from './scopes.js'

/** Throws the refusal when the credential does not cover the verdict. */
export function enforce(grant: Grant, { name, needs, hint }: Verdict): void {
  if (needs === 'server-only') {
    throw new Refusal('server_only', { message: `${name} can only be set in the configuration of the gateway.` })
  }
  if (!allows(grant, needs)) {
    throw new Refusal('scope_missing', { message: `${name} is not covered by the credential.`, scope: needs, hint })
  }
}

const NEWLINE = 0x0a

/** The filter of one link or call. */
export interface MessageFilter {
  /** The bytes that may pass. Throws a Refusal. Messages before the refused one have passed. */
  push(chunk: Uint8Array): Uint8Array[]
  end(): Uint8Array[]
  /** The same, one message at a time: undefined for one whose refusal was sent to the client. `null` is the end of the stream. */
  each(chunk: Uint8Array | null): Iterable<Uint8Array | undefined>
  /** Messages that were judged so far. */
  readonly judged: number
  /** Reads bytes of the upstream. Absent when no verdict depends on them. */
  readonly received?: ((chunk: Uint8Array) => void) | undefined
}

/** The limits of the filter, and its callbacks. */
export interface MessageFilterOptions {
  readonly limits: JsonSizeLimits & { readonly maxMessageBytes: number }
  /** Sends the answer to a refused message to the client. Absent when the link ends at the first refusal. */
  readonly reply?: ((frame: Uint8Array) => void) | undefined
  readonly events?: UpstreamEvents
  /** Throws the refusal when a PIN may not be tried now. */
  readonly checkPin?: () => void
  /** Called for each message that passed. */
  readonly onPassed?: (verdicts: readonly Verdict[]) => void
  /** Called for each message that was refused, with the verdict that the credential does not cover. */
  readonly onRefused?: (verdict: Verdict, refusal: Refusal) => void
}

/** For one link or call of one credential. */
export function createMessageFilter(policy: StreamPolicy, grant: Grant, options: MessageFilterOptions): MessageFilter {
  const { limits, reply, events, checkPin, onPassed, onRefused } = options
  const { maxMessageBytes } = limits
  const onLink = events && policy.forLink?.(events)
  const classify = onLink ? onLink.classify : policy.classify.bind(policy)

  const check = (verdict: Verdict): void => {
    try {
      enforce(grant, verdict)
      if (verdict.carriesPin) checkPin?.()
    } catch (error) {
      if (error instanceof Refusal) onRefused?.(verdict, error)
      throw error
    }
  }
  const checkAll = (verdicts: readonly Verdict[]): void => {
    for (const verdict of verdicts) check(verdict)
    onPassed?.(verdicts)
  }

  let judged = 0
  let raw = policy.framing === 'raw'
  if (raw) checkAll([classify(undefined)].flat())
  const isFrames = policy.framing === 'frames'
  const decoder: Decoder<unknown> = isFrames
    ? frameDecoder({ maxFrameBytes: maxMessageBytes })
    : ndjsonDecoder({ maxLineBytes: maxMessageBytes, parse: (line) => parseLimited(line, limits) })

  const encoded = (message: unknown): Uint8Array => {
    if (isFrames) return encodeFrame(message as Uint8Array)
    try {
      return encodeNdjson(message)
    } catch {
      // With a raised limit of depth, a message can be nested so deeply that it can be parsed but not written.
      throw new Refusal('invalid_request', { message: 'What was sent is not a message of this protocol.' })
    }
  }

  const sender = policy.withSender && !allows(grant, 'admin') ? nameOf(grant) : undefined
  const named = (message: unknown): unknown => (sender === undefined ? message : policy.withSender?.(message, sender))

  /** True if this message was refused and the refusal was sent to the client, so that the link can go on. */
  const answered = (message: unknown, error: unknown): boolean => {
    const answer = error instanceof Refusal && reply ? policy.answerRefusal?.(message, error) : undefined
    if (answer) reply?.(answer)
    return answer !== undefined
  }

  function* pass(messages: readonly unknown[], complete: boolean): Generator<Uint8Array | undefined, void, void> {
    for (const message of messages) {
      judged += 1
      const verdicts = [classify(message)].flat()
      try {
        checkAll(verdicts)
      } catch (error) {
        if (!answered(message, error)) throw error
        yield undefined
        continue
      }
      const turning = verdicts.find(({ thenRaw }) => thenRaw)
      if (turning) {
        // A message that turns the link into raw bytes must be the last one judged: bytes that were sent along are ambiguous.
        if (messages.length > 1 || !complete)
          throw new Refusal('invalid_request', { message: `Nothing may be sent along with ${turning.name}.` })
        raw = true
      }
      yield encoded(named(message))
    }
    const { fault } = decoder
    if (fault) throw asRefusal(fault)
  }
  const each = (chunk: Uint8Array | null): Iterable<Uint8Array | undefined> => {
    if (raw) return chunk === null ? [] : [chunk]
    return chunk === null ? pass(decoder.end(), true) : pass(decoder.push(chunk), chunk.at(-1) === NEWLINE)
  }
  const all = (chunk: Uint8Array | null): Uint8Array[] => [...each(chunk)].filter((bytes) => bytes !== undefined)

  return {
    push: all,
    end: () => all(null),
    each,
    get judged() {
      return judged
    },
    received: onLink?.received,
  }
}

function asRefusal(fault: SignalboxError): Refusal {
  if (fault.cause instanceof Refusal) return fault.cause
  if (SignalboxError.is(fault, 'too_large')) return new Refusal('too_large', { limit: 'maxMessageBytes' })
  return new Refusal('invalid_request', { message: 'What was sent is not a message of this protocol.' })
}
