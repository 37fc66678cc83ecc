/** The state of one simulated CLI process, and the lines that several of its parts write. */
import { sleep, type Clock } from '../../core/clock.js'
import type { Link } from '../../transport.js'
import type { Arguments } from './arguments.js'
import type { Conversation, SimulatedSessions } from './conversation.js'
import type { FakeModel } from './fake-model.js'
import type { Generation } from './generation.js'
import type { SimulatedFiles } from './tools.js'

export interface SimulatedExit {
  readonly exitCode: number | null
  readonly signal: string | null
  readonly stderr: string
}

export interface ProcessParts {
  readonly generation: Generation
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly link: Pick<Link, 'read' | 'write' | 'end'>
  readonly sessions: SimulatedSessions
  readonly files: SimulatedFiles
  readonly model?: FakeModel | undefined
  readonly clock?: Clock | undefined
  readonly cwd?: string | undefined
  /** Runs as root, which may not skip permissions outside a sandbox. */
  readonly root?: boolean | undefined
  /** Aborts when the process is killed. */
  readonly killed: AbortSignal
  /** Receives the functions that begin a turn without a client, and that ask the client. */
  readonly onStart?: ((speak: (prompt: string) => void, ask: Simulated['ask']) => void) | undefined
  readonly onRead?: ((line: unknown) => void) | undefined
  readonly onWrite?: ((line: unknown) => void) | undefined
}

export interface UserMessageIn {
  readonly content: unknown
  readonly uuid: string | undefined
  readonly shouldQuery: boolean
  /** `now`, `next` or `later`; 2.0 ignores it. */
  readonly priority?: unknown
}

export interface Simulated extends ProcessParts {
  readonly clock: Clock
  readonly model: FakeModel
  readonly parsed: Arguments
  readonly conversation: Conversation
  /** Registered by `initialize`. */
  hooks: Readonly<Record<string, readonly { readonly matcher?: string; readonly hookCallbackIds: readonly string[] }[]>>
  sdkServers: readonly string[]
  initialized: number
  /** Settles when the handshake with the client's servers is over. */
  connecting: Promise<void>
  turn: AbortController | undefined
  /** An interrupt came after a message and before its turn: the turn begins and stops at once. */
  interruptNext: boolean
  queue: UserMessageIn[]
  /** Tools of the turn run. */
  inTool: boolean
  stdinEnded: boolean
  emit(line: object): void
  /** Sends a request to the client. Rejects when stdin is closed or the signal is aborted. */
  ask(request: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>>
  uuid(): string
}

export function lifecycle(process: Simulated, uuid: string, state: string): void {
  const { sessionId } = process.conversation
  process.emit({ type: 'command_lifecycle', command_uuid: uuid, state, uuid: process.uuid(), session_id: sessionId })
}

export function replayLine(process: Simulated, content: unknown, uuid: string): void {
  const { conversation, generation, clock } = process
  const timestamp = generation.name === 'a' ? {} : { timestamp: new Date(clock.now()).toISOString() }
  const message = { role: 'user', content }
  process.emit({
    type: 'user',
    message,
    session_id: conversation.sessionId,
    parent_tool_use_id: null,
    uuid,
    ...timestamp,
    isReplay: true,
  })
}

/** Waits on the clock of the process. Rejects when the signal aborts. */
export const pause = (process: Simulated, ms: number, signal: AbortSignal): Promise<void> => sleep(process.clock, ms, signal)
