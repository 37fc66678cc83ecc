/**
 * Judges what goes up a link, message by message, before the upstream sees a byte of it. What was judged is what is passed: a line is
 * written anew from what was parsed, so that a duplicate key cannot mean one thing here and another to the upstream's parser.
 */
import { encodeFrame, frameDecoder } from '../core/codec/frames.js'
import { encodeNdjson, ndjsonDecoder } from '../core/codec/ndjson.js'
import type { Decoder } from '../core/codec/codec.js'
import { SignalboxError } from '../errors.js'
import type { StreamPolicy, Verdict } from './policy/policy.js'
import { Refusal } from './refusal.js'
import { allows, type Grant } from './scopes.js'

/** Throws the refusal that the verdict asks for. */
export function enforce(grant: Grant, verdict: Verdict): void {
  if (verdict.needs === 'server-only') {
    throw new Refusal('server_only', { message: `${verdict.name} can only be set in the configuration of the gateway.` })
  }
  if (!allows(grant, verdict.needs)) {
    const { name, needs, hint } = verdict
    throw new Refusal('scope_missing', { message: `${name} is not covered by the credential.`, scope: needs, hint })
  }
}

const NEWLINE = 0x0a

export interface Judge {
  /** The bytes that may pass. Throws a Refusal; what was passed before stays passed. */
  push(chunk: Uint8Array): Uint8Array[]
  end(): Uint8Array[]
}

export interface JudgeOptions {
  readonly maxMessageBytes: number
  /** Sends the answer to a refused message to the client. Absent where the link ends at the first refusal. */
  readonly reply?: ((frame: Uint8Array) => void) | undefined
}

export function createJudge(policy: StreamPolicy, grant: Grant, options: JudgeOptions): Judge {
  const { maxMessageBytes, reply } = options
  let raw = policy.framing === 'raw'
  if (raw) for (const verdict of [policy.classify(undefined)].flat()) enforce(grant, verdict)
  const isFrames = policy.framing === 'frames'
  const decoder: Decoder<unknown> = isFrames
    ? frameDecoder({ maxFrameBytes: maxMessageBytes })
    : ndjsonDecoder({ maxLineBytes: maxMessageBytes })

  const encoded = (message: unknown): Uint8Array => {
    if (isFrames) return encodeFrame(message as Uint8Array)
    try {
      return encodeNdjson(message)
    } catch {
      // Nested so deeply that it can be read but not written.
      throw new Refusal('invalid_request', { message: 'What was sent is not a message of this protocol.' })
    }
  }

  /** True if this message was refused and its sender was told, so that the link can go on. */
  const answered = (message: unknown, error: unknown): boolean => {
    const answer = error instanceof Refusal && reply ? policy.answerRefusal?.(message, error) : undefined
    if (answer) reply?.(answer)
    return answer !== undefined
  }

  const pass = (messages: readonly unknown[], complete: boolean): Uint8Array[] => {
    const out: Uint8Array[] = []
    for (const message of messages) {
      const verdicts = [policy.classify(message)].flat()
      try {
        for (const verdict of verdicts) enforce(grant, verdict)
      } catch (error) {
        if (answered(message, error)) continue
        throw error
      }
      const turning = verdicts.find(({ thenRaw }) => thenRaw)
      if (turning) {
        // A message that turns the link into raw bytes must be the last one judged: anything that was sent along is ambiguous.
        if (messages.length > 1 || !complete)
          throw new Refusal('invalid_request', { message: `Nothing may be sent along with ${turning.name}.` })
        raw = true
      }
      out.push(encoded(message))
    }
    const { fault } = decoder
    if (fault) throw asRefusal(fault)
    return out
  }

  return {
    push: (chunk) => (raw ? [chunk] : pass(decoder.push(chunk), chunk.at(-1) === NEWLINE)),
    end: () => (raw ? [] : pass(decoder.end(), true)),
  }
}

function asRefusal(fault: SignalboxError): Refusal {
  if (SignalboxError.is(fault, 'too_large')) return new Refusal('too_large', { limit: 'maxMessageBytes' })
  return new Refusal('invalid_request', { message: 'What was sent is not a message of this protocol.' })
}
