/** What carries the calls of the namespaces: a core on a link, or REST. */
import type { AttemptedCall } from '../core/call.js'
import type { Clock } from '../core/clock.js'
import type { SignalboxError } from '../errors.js'
import type { AskOptions } from './ask-options.js'
import type { AskFrame } from './frames.js'
import type { AnyOpName } from './ops.js'
import type { Complaint } from './plain.js'

/** The options of an ask that only a core 2.0 has, as far as they were given. */
export type AskOptionsV2 = Pick<AskOptions, 'attachmentIds' | 'engine' | 'model' | 'workingDir' | 'projectRootId'>
/** The options of an ask that only a core 1.x and REST have, as far as they were given. */
export type AskOptionsV1 = Pick<AskOptions, 'agentType' | 'timeoutSeconds' | 'options'>

/** One ask, before its generation is known. Options are present only if the caller gave them. */
export interface AskInit {
  readonly machineId: string
  readonly prompt: string
  /** Fresh if the caller gave none. */
  readonly sessionId: string
  readonly sessionGiven: boolean
  readonly pin?: string | undefined
  readonly ofV1: AskOptionsV1
  readonly ofV2: AskOptionsV2
}

/** Takes the frames of one ask. Must neither wait nor throw; after `end` or `fail` nothing more comes. */
export interface AskSink {
  frame(frame: AskFrame, bytes: number): void
  end(): void
  fail(error: SignalboxError): void
}

export interface AskChannel extends Disposable {
  /** Absent where the protocol has no questions, as over 2.0. */
  pin?(challengeId: string, pin: string): Promise<void>
  confirm?(token: string, accept: boolean): Promise<void>
  /** True if `collect()` fails at an end without success, as in the SDK of core 2.0. */
  readonly failsUnsuccessful?: boolean
  /** Drops the later frames. */
  abandon(): void
  /** The same, for a channel that opened too late. */
  [Symbol.dispose](): void
}

/** How long a close waits for calls in flight, as the published SDKs do. */
export const CLOSE_GRACE_MS = 5_000
/** The time limit for a last step whose outcome no caller waits for. An idle core exits at once when its stdin ends. */
export const LEAVE_MS = 1_000

/** What a client tells the part that carries its calls. */
export interface BackendOptions {
  readonly clock?: Clock | undefined
  /** How long `close()` waits for calls in flight. */
  readonly closeGraceMs?: number | undefined
  /** What to do about an answer that does not fit the schema; absent with `validate: 'off'`, when nobody is told. */
  readonly complain?: ((op: AnyOpName) => Complaint) | undefined
}

export interface Backend {
  /** A plain object in the shape of the schema; undefined where the op has no result. */
  unary(name: AnyOpName, request: unknown, call: AttemptedCall): Promise<unknown>
  ask(request: AskInit, sink: AskSink, call: AttemptedCall): Promise<AskChannel>
  close(): Promise<void>
}
