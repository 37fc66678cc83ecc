/** What the namespaces need from whatever carries their calls: a core on a link, or REST. */
import type { Call } from '../core/call.js'
import type { Clock } from '../core/clock.js'
import type { SignalboxError } from '../errors.js'
import type { ArmValue } from './envelope.js'
import type { AskFrame } from './frames.js'
import type { OpName } from './ops.js'
import type { Complaint } from './plain.js'

export type AskInit = Omit<ArmValue<'askReq'>, '$typeName' | '$unknown' | 'agentType' | 'timeoutSeconds' | 'pin'> & {
  readonly agentType?: string | undefined
  readonly timeoutSeconds?: number | undefined
  readonly pin?: string | undefined
}

/** Takes what an ask brings. Must neither wait nor throw; after `end` or `fail` nothing more comes. */
export interface AskSink {
  frame(frame: AskFrame, bytes: number): void
  end(): void
  fail(error: SignalboxError): void
}

export interface AskChannel extends Disposable {
  pin(challengeId: string, pin: string): Promise<void>
  confirm(token: string, accept: boolean): Promise<void>
  /** Lets the ask go: nothing of it is delivered any more. */
  abandon(): void
  /** The same, for a channel that opened too late. */
  [Symbol.dispose](): void
}

/** How long a close waits for calls in flight, as the published SDKs do. */
export const CLOSE_GRACE_MS = 5_000
/** How long a last step may take once nobody waits for its outcome: a core leaves at once when its stdin ends. */
export const LEAVE_MS = 1_000

/** What a client tells the part that carries its calls. */
export interface BackendOptions {
  readonly clock?: Clock | undefined
  /** How long `close()` waits for calls in flight. */
  readonly closeGraceMs?: number | undefined
  /** What to do about an answer that does not fit the schema; absent with `validate: 'off'`, when nobody is told. */
  readonly complain?: ((op: OpName) => Complaint) | undefined
}

export interface Backend {
  /** A plain object in the shape of the schema; undefined where the op has no result. */
  unary(name: OpName, request: unknown, call: Call): Promise<unknown>
  ask(request: AskInit, sink: AskSink, call: Call): Promise<AskChannel>
  close(): Promise<void>
}
