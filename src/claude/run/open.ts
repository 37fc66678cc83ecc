/** Starts a CLI and waits until it has answered `initialize`. When the caller gives up, the process is closed. */
import { SignalboxError, withFacts } from '../../errors.js'
import type { Call } from '../../core/call.js'
import { onAbort } from '../../core/on-abort.js'
import type { StreamTransport } from '../../transport.js'
import { createConnection, type Connection } from '../protocol/connection.js'
import type { RunContext } from './run-context.js'
import { CLINotFoundError } from '../messages/errors.js'
import type { ClaudeLaunch } from '../launch/launch.js'
import { wiringOf, type CLIAgentOptions } from './options.js'
import type { TurnState } from '../protocol/turn-state.js'

const IDLE_MS = 300_000

export interface OpenParts {
  readonly transport?: StreamTransport<ClaudeLaunch> | undefined
  readonly launch: ClaudeLaunch
  readonly options: CLIAgentOptions
  readonly call: Call
  readonly onUnsolicited: () => TurnState | undefined
  /** Told of a process whose start failed. It may still be ending. */
  readonly onFailed?: (ended: Promise<void>) => void
}

export async function openConnection(context: RunContext, parts: OpenParts): Promise<Connection> {
  const { launch, options, call, onUnsolicited, transport = context.transport } = parts
  const wiring = wiringOf(options, context.clock, (what, error) => context.onEvent({ type: 'callback_failed', what, error }))
  const link = await openLink(transport, launch, call)
  const connection = createConnection({
    link,
    ...wiring,
    controlTimeoutMs: context.controlTimeoutMs,
    idleMs: options.idleMs ?? IDLE_MS,
    limits: context.limits,
    verbatim: options.verbatim,
    replays: options.replayUserMessages,
    clock: context.clock,
    validate: context.validate,
    onUnsolicited,
    onNoise: () => context.onEvent({ type: 'noise' }),
  })
  void context.track(connection.ended)
  const ignore = onAbort(call.signal, () => void connection.close())
  try {
    call.signal.throwIfAborted()
    await connection.ready
    // The abort may have come while the answer was worked on; the connection is closing then.
    call.signal.throwIfAborted()
    return connection
  } catch (error) {
    void connection.close()
    parts.onFailed?.(connection.ended)
    // The prompt was not written, so the failure is `sent: 'no'`.
    throw SignalboxError.is(error) ? withFacts(error, {}, { sent: 'no' }) : error
  } finally {
    ignore()
  }
}

async function openLink(transport: StreamTransport<ClaudeLaunch>, launch: ClaudeLaunch, { signal, trace }: Call) {
  try {
    return await transport.open(launch, { signal, trace })
  } catch (error) {
    if (!SignalboxError.is(error, 'not_found')) throw error
    const { code, message } = error
    // The message of the transport says where it looked for the CLI.
    throw new CLINotFoundError({ code, message, op: 'open', cause: error })
  }
}
