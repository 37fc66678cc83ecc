/** A core behind a link: opened at the first call, shared by all, replaced after its death, drained on close. */
import { withinTime } from '../core/within-time.js'
import type { Call } from '../core/call.js'
import { systemClock } from '../core/clock.js'
import { abortError, createDeadline, raceSignal } from '../core/deadline.js'
import { SignalboxError, withFacts } from '../errors.js'
import type { Link, OpenOptions } from '../transport.js'
import { CLOSE_GRACE_MS, LEAVE_MS, type AskChannel, type Backend, type BackendOptions } from './backend.js'
import { Kind, type Envelope, type PayloadInit } from './envelope.js'
import { AuthError, clientClosed, CmdopError, ConnectionError, remoteFailure } from './errors.js'
import { frameOf } from './frames.js'
import { OPS, planeOf, type OpName, type Plane } from './ops.js'
import { toPlain, type Complaint } from './plain.js'
import { schemaOf } from './schema.js'
import { createSession, LEAVING_MS, type Session, type SessionLimits } from './session.js'

export interface CoreBackendOptions extends BackendOptions {
  readonly transport: string
  readonly open: (options: OpenOptions) => Promise<Link>
  /** What the core was given; null where it has credentials that we know nothing about. */
  readonly credentials: Readonly<Record<Plane, boolean>> | null
  readonly limits?: SessionLimits | undefined
}

export function createCoreBackend(options: CoreBackendOptions): Backend {
  const { transport, credentials, limits, clock = systemClock, closeGraceMs = CLOSE_GRACE_MS, complain } = options
  const facts = { system: 'cmdop', transport }
  const life = createDeadline({ clock })
  let opening: Promise<Session> | undefined
  let session: Session | undefined
  /** Replaced, but not gone yet: a core that takes nothing more may still be heard. */
  let earlier: Session[] = []
  let closing: Promise<void> | undefined

  const start = async (trace: Readonly<Record<string, string>>): Promise<Session> => {
    try {
      const link = await options.open({ signal: life.signal, trace })
      if (life.signal.aborted) {
        await link.close({ graceMs: LEAVING_MS })
        throw clientClosed(facts)
      }
      earlier = [...earlier, ...(session ? [session] : [])].filter(({ over }) => !over)
      session = createSession(link, limits, clock)
      return session
    } finally {
      opening = undefined
    }
  }

  /** The core that lives, or a fresh one. Who gives up waiting for it does not take it from the others. */
  const acquire = async ({ signal, trace }: Call): Promise<Session> => {
    if (closing) throw clientClosed(facts)
    if (session && !session.failure) return session
    opening ??= start(trace)
    opening.catch(() => {})
    try {
      return await raceSignal(opening, signal)
    } catch (error) {
      if (signal.aborted) throw abortError(signal, { ...facts, sent: 'no' })
      throw notOpened(error, facts)
    }
  }

  const allow = (plane: Plane, op: string): void => {
    if (!credentials || credentials[plane]) return
    const [what, option, variable] =
      plane === 'relay' ? ['a token', 'token', 'CMDOP_TOKEN'] : ['an API key', 'apiKey', 'CMDOP_API_KEY']
    throw new AuthError({
      ...facts,
      op,
      code: 'unauthenticated',
      message: `${op} needs ${what} for the ${plane}, and there is none.`,
      hint: `Pass \`${option}\` to createCmdop, or set ${variable}.`,
      sent: 'no',
    })
  }

  return {
    async unary(name, request, call) {
      const op = OPS[name]
      allow(planeOf(name), name)
      const core = await acquire(call)
      const payload = { case: op.request, value: request } as PayloadInit
      const answer = await core.unary(payload, call.signal)
      return resultOf(name, answer, { ...facts, op: name }, complain?.(name) ?? ignore)
    },
    async ask(request, sink, call) {
      const op = 'machines.ask'
      allow('relay', op)
      const core = await acquire(call)
      const payload = { case: 'askReq', value: request } as PayloadInit
      const stream = await core.stream(payload, {
        frame(envelope, bytes) {
          const frame = frameOf(envelope)
          if (frame) sink.frame(frame, bytes)
          if (frame?.type === 'done') sink.end()
          else if (!frame) sink.fail(streamFailure(envelope, { ...facts, op }))
        },
        fail: (cause) => sink.fail(withFacts(cause, { ...facts, op })),
      })
      const channel: AskChannel = {
        pin: (challengeId, pin) => stream.answer({ case: 'pinAnswer', value: { challengeId, pin } }),
        confirm: (token, accept) => stream.answer({ case: 'confirmAnswer', value: { token, accept } }),
        abandon: stream.abandon,
        [Symbol.dispose]: stream.abandon,
      }
      return channel
    },
    close() {
      closing ??= shutDown()
      return closing
    },
  }

  async function shutDown(): Promise<void> {
    life.abort(clientClosed(facts))
    await opening?.catch(() => {})
    life[Symbol.dispose]()
    await Promise.all([...earlier, ...(session ? [session] : [])].map(leave))
  }

  async function leave(core: Session): Promise<void> {
    await withinTime(core.idle(), closeGraceMs, clock)
    // Measured: with an ask open a core leaves neither at the end of its stdin nor at TERM, so patience would be wasted on it.
    await core.close(clientClosed(facts, 'maybe'), core.failure || core.owed > 0 ? LEAVING_MS : LEAVE_MS)
  }
}

/** With `validate: 'off'` an integer that a number cannot hold is rounded without a report. */
const ignore: Complaint = () => {}

function resultOf(name: OpName, { kind, payload }: Envelope, facts: { op: string }, complain: Complaint): unknown {
  const { answer } = OPS[name]
  if (kind === Kind.ERROR) throw errorOf(payload, facts, false)
  if (kind !== Kind.RESPONSE) throw unexpected(`the end of a stream`, facts)
  // Whatever a void call is answered with, it was carried out.
  if (answer === 'empty') return undefined
  if (payload.case !== answer) throw unexpected(payload.case ?? 'nothing', facts)
  return toPlain(schemaOf(answer), payload.value, complain)
}

function streamFailure({ kind, payload }: Envelope, facts: { op: string }): SignalboxError {
  return kind === Kind.ERROR ? errorOf(payload, facts, true) : unexpected(payload.case ?? 'nothing', facts)
}

function errorOf(payload: Envelope['payload'], facts: { op: string }, ofStream: boolean): CmdopError {
  const { code, message } = payload.case === 'error' ? payload.value : { code: '', message: '' }
  return remoteFailure(code, message, facts, ofStream)
}

function unexpected(what: string, facts: { op: string }): CmdopError {
  const message = `${facts.op} was answered with ${what}, which answers something else.`
  return new CmdopError({ ...facts, code: 'protocol', message, sent: 'yes' })
}

function notOpened(error: unknown, facts: { transport: string }): unknown {
  if (!SignalboxError.is(error)) return error
  // Nothing was written to a core that did not start, whatever its own failure says about what it was sent.
  if (error.code !== 'not_found') return withFacts(error, facts, { sent: 'no' })
  // No executable: the word for a machine or a fleet that is not there would mislead.
  const { message, transport } = error
  return new ConnectionError({ code: 'unreachable', message, transport, sent: 'no', cause: error })
}
