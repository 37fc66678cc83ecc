/** What a caller gives to an ask, and what an ask gives back. */
import type { CallOptions } from '../core/call.js'
import type { SignalStream } from '../core/stream.js'
import type { AskFrame, ConfirmRequiredFrame, DoneFrame, PinRequiredFrame } from './frames.js'

/** How a machine is asked. Options of one generation of the core are refused with `unsupported` by the other. */
export interface AskOptions extends CallOptions {
  /** The conversation. Default: a new one for each ask over 1.x and REST; the machine's own choice over 2.0. */
  readonly sessionId?: string
  /** Core 1.x and REST: which agent answers, for example `chat` or `terminal`. */
  readonly agentType?: string
  /** Core 1.x and REST: the relay's own limit for the whole answer. `timeoutMs` covers the opening only. */
  readonly timeoutSeconds?: number
  /** Core 1.x and REST: free-form options for the agent, passed on as they are. */
  readonly options?: Readonly<Record<string, string>>
  /** The PIN of the machine. Sent with the ask, and once more if the machine asks for it: a core 1.0.x does not pass the first one on. */
  readonly pin?: string
  /** Core 2.0: ids of files that were uploaded to the relay. With at least one, the prompt may be empty. */
  readonly attachmentIds?: readonly string[]
  /** Core 2.0: the engine that runs the agent. */
  readonly engine?: string
  /** Core 2.0: the model that the engine uses. */
  readonly model?: string
  /** Core 2.0: the folder on the machine in which the agent works. */
  readonly workingDir?: string
  /** Core 2.0: the id of a project that the machine knows, in place of a folder. */
  readonly projectRootId?: string
  /** Fails the stream after this silence, in milliseconds. An open question is no silence. Default: never. */
  readonly idleMs?: number
  /** Frames kept for a reader that is slower than the machine. Default: no limit but that of the bytes. */
  readonly maxBufferedFrames?: number
  /** Bytes kept for a slow reader, counting 128 for each frame beside its own. Default 32 MiB; more fails this stream alone. */
  readonly maxBufferedBytes?: number
}

/** Answers to the questions that a machine may ask during `collect()`. */
export interface CollectOptions {
  /** Gives the PIN that the machine asks for. */
  onPin?(frame: PinRequiredFrame): string | Promise<string>
  /** Decides about a plan: true lets the machine carry it out. */
  onConfirm?(frame: ConfirmRequiredFrame): boolean | Promise<boolean>
}

/** The answer of a machine as a stream of frames. It is sent when it is first read, and can be read once. */
export interface AskStream extends SignalStream<AskFrame, never> {
  /** The conversation of this ask. A core 2.0 is told it only if it was given as an option. */
  readonly sessionId: string
  /**
   * Answers the question of a `pin_required` frame. Resolves when the answer is written: the protocol acknowledges nothing. Fails with
   * `invalid_argument` if no such question is open.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * const cmdop = createCmdop({ transport: cmdopCore() })
   * const stream = cmdop.machines.ask('00000000-0000-4000-8001-000000000001', 'uptime')
   * for await (const frame of stream) if (frame.type === 'pin_required') await stream.pin(frame.challengeId, '1234')
   */
  pin(challengeId: string, pin: string): Promise<void>
  /**
   * Accepts or refuses the plan of a `confirm_required` frame. Resolves when the answer is written. Fails with `invalid_argument` if no
   * such plan is open.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * const cmdop = createCmdop({ transport: cmdopCore() })
   * const stream = cmdop.machines.ask('00000000-0000-4000-8001-000000000001', 'clean up')
   * for await (const frame of stream) {
   *   if (frame.type === 'confirm_required') await stream.confirm(frame.token, frame.dangerLevel !== 'high')
   * }
   */
  confirm(token: string, accept: boolean): Promise<void>
  /**
   * Reads to the end and gives the text. Fails at once at a question without a handler. Over a core 2.0 an unsuccessful end fails with
   * `AgentStreamError`, as in the published SDK; over 1.x read `done` for it.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * const cmdop = createCmdop({ transport: cmdopCore() })
   * console.log(await cmdop.machines.ask('00000000-0000-4000-8001-000000000001', 'uptime').collect({ onPin: () => '1234' }))
   */
  collect(options?: CollectOptions): Promise<string>
  /** The last frame, once it came. `success: false` is an outcome, not an error. */
  readonly done: DoneFrame | undefined
  /** True if the stream was left before its end. The machine works on: the protocol cannot cancel. */
  readonly abandoned: boolean
}
