/** What the namespaces need from whatever carries their calls: a core on a link, or REST. */
import type { Call } from '../core/call.js'
import type { SignalboxError } from '../errors.js'
import type { ArmValue } from './envelope.js'
import type { AskFrame } from './frames.js'
import type { OpName } from './ops.js'

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

export interface Backend {
  /** A plain object in the shape of the schema; undefined where the op has no result. */
  unary(name: OpName, request: unknown, call: Call): Promise<unknown>
  ask(request: AskInit, sink: AskSink, call: Call): Promise<AskChannel>
  close(): Promise<void>
}
