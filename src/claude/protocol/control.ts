/**
 * The control protocol, both ways, over lines that somebody else reads and writes. Our requests are correlated and bounded in time,
 * because 2.0 leaves unknown requests unanswered. The CLI's questions are answered once, by the handler of their subtype, and may be
 * withdrawn.
 */
import { SignalboxError } from '../../errors.js'
import type { Clock } from '../../core/clock.js'
import { deferred, type Deferred } from '../../core/deferred.js'
import { abortError, createDeadline, DeadlinePassed, raceSignal } from '../../core/deadline.js'
import { createRecent } from '../../core/stream.js'
import { ClaudeError } from '../messages/errors.js'
import { isControlCancel, isControlRequest, isControlResponse, recordOf } from '../messages/guards.js'
import type { ClaudeLine, ControlRequestLine, ControlResponseLine } from '../messages/lines.js'

/** A request of the CLI to the client, with the CLI's field names. */
export type ControlQuestion = ControlRequestLine['request']

/** Answers one question, or gives undefined to leave it to the next handler. The signal is aborted when the CLI withdraws the question. */
export type ControlHandler = (
  question: ControlQuestion,
  signal: AbortSignal,
) => Promise<Readonly<Record<string, unknown>>> | undefined

export interface ControlOptions {
  write(line: unknown): Promise<void>
  readonly handlers: readonly ControlHandler[]
  readonly timeoutMs: number
  readonly clock: Clock
  readonly transport: string
  /** Claude Code 2.0, which leaves requests that it does not know unanswered, and ignores some fields of a hook's answer. */
  readonly isVersion20: () => boolean
  /** An answer of ours ends the turn. */
  onInterrupt(): void
  /** Called whenever the number of questions or requests in flight may have changed. */
  onChange(): void
}

export interface ControlRequestOptions {
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Control {
  /** True when the line belongs to the control protocol and has been dealt with. */
  handle(line: ClaudeLine): boolean
  request(
    subtype: string,
    fields?: Readonly<Record<string, unknown>>,
    options?: ControlRequestOptions,
  ): Promise<Readonly<Record<string, unknown>>>
  /** Questions of theirs that a handler of ours is working on. */
  readonly serving: number
  /** Requests of ours without an answer. */
  readonly waiting: number
  close(errorFor: (op: string) => SignalboxError): void
}

export function createControl(options: ControlOptions): Control {
  const { write, handlers, timeoutMs, clock, transport, onInterrupt, onChange } = options
  const waiting = new Map<string, Deferred<ControlResponseLine['response']>>()
  let gone: ((op: string) => SignalboxError) | undefined
  const serving = new Map<string, AbortController>()
  const asked = createRecent<string>(1024)
  let count = 0

  const answer = (requestId: string, body: Readonly<Record<string, unknown>>): void => {
    // The answer could not be written, because the process is gone. The turn fails for that reason.
    void write({ type: 'control_response', response: { request_id: requestId, ...body } }).catch(() => {})
  }

  const serve = async ({ request_id: id, request }: ControlRequestLine): Promise<void> => {
    const controller = new AbortController()
    serving.set(id, controller)
    onChange()
    try {
      let work: Promise<Readonly<Record<string, unknown>>> | undefined
      for (const handler of handlers) work ??= handler(request, controller.signal)
      if (!work) {
        answer(id, { subtype: 'error', error: `Unsupported control request subtype: ${request.subtype}` })
        return
      }
      const response = await raceSignal(work, controller.signal)
      // A refusal that ends the turn, as an interrupt does.
      if (response.interrupt === true) onInterrupt()
      answer(id, { subtype: 'success', response: options.isVersion20() ? forVersion20(request, response) : response })
    } catch (error) {
      // A withdrawn question wants no answer.
      if (controller.signal.aborted) return
      answer(id, { subtype: 'error', error: error instanceof Error ? error.message : 'The client failed to answer.' })
    } finally {
      serving.delete(id)
      onChange()
    }
  }

  const settle = (response: ControlResponseLine['response']): void => {
    // 2.0 answers some requests twice; the second finds nobody, or a promise that is settled.
    waiting.get(response.request_id)?.resolve(response)
    onChange()
  }

  return {
    handle(line) {
      if (line.type === 'control_request') {
        // Newer CLIs may deliver one again after a second initialize.
        if (isControlRequest(line) && !asked.seen(line.request_id)) void serve(line)
        return true
      }
      if (line.type === 'control_response') {
        if (isControlResponse(line)) settle(line.response)
        return true
      }
      if (line.type === 'control_cancel_request') {
        if (isControlCancel(line)) serving.get(line.request_id)?.abort()
        return true
      }
      return line.type === 'keep_alive'
    },
    async request(subtype, fields = {}, asking = {}) {
      count += 1
      const id = `sbx_${count}`
      const op = `control.${subtype}`
      const mayStayUnanswered = options.isVersion20() && !REQUESTS_OF_2_0.has(subtype)
      const patienceMs = asking.timeoutMs ?? timeoutMs
      const deadline = createDeadline({
        signal: asking.signal,
        timeoutMs: mayStayUnanswered ? Math.min(patienceMs || UNANSWERED_MS, UNANSWERED_MS) : patienceMs,
        clock,
      })
      const reply = deferred<ControlResponseLine['response']>()
      // The process may die while the request is being written, before anybody waits for the answer.
      reply.promise.catch(() => {})
      try {
        if (gone) throw gone(op)
        waiting.set(id, reply)
        onChange()
        await raceSignal(write({ type: 'control_request', request_id: id, request: { ...fields, subtype } }), deadline.signal)
        const response = await raceSignal(reply.promise, deadline.signal)
        if (response.subtype === 'success') return response.response ?? {}
        throw refused(op, response.error, response.error_code)
      } catch (error) {
        if (mayStayUnanswered && deadline.signal.reason instanceof DeadlinePassed) throw unanswered(op)
        if (!deadline.signal.aborted || (SignalboxError.is(error) && error.sent === 'yes')) throw error
        throw abortError(deadline.signal, { system: 'claude', transport, op, sent: 'maybe' })
      } finally {
        waiting.delete(id)
        deadline[Symbol.dispose]()
        onChange()
      }
    },
    get serving() {
      return serving.size
    },
    get waiting() {
      return waiting.size
    },
    close(errorFor) {
      gone = errorFor
      for (const { reject } of waiting.values()) reject(errorFor('control'))
      for (const controller of serving.values()) controller.abort()
    },
  }
}

/** Every request that Claude Code 2.0.76 answers. */
const REQUESTS_OF_2_0 = new Set([
  'initialize',
  'interrupt',
  'mcp_message',
  'mcp_set_servers',
  'mcp_status',
  'rewind_files',
  'set_max_thinking_tokens',
  'set_model',
  'set_permission_mode',
])
/** How long 2.0 gets to answer a request that it probably does not know. The requests that it knows are answered in milliseconds. */
const UNANSWERED_MS = 2_000

function unanswered(op: string): ClaudeError {
  const message = `${op} is not known to this version of Claude Code, which leaves such requests unanswered.`
  return new ClaudeError({ code: 'unsupported', message, hint: 'Upgrade the CLI.', sent: 'yes', op })
}

/** CLI 2.0 ignores a changed input when the hook does not also allow the call. Such a call is refused instead. */
function forVersion20(question: ControlQuestion, response: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const specific = recordOf(response.hookSpecificOutput)
  if (question.subtype !== 'hook_callback' || specific.updatedInput === undefined) return response
  if (specific.permissionDecision === 'allow' || specific.permissionDecision === 'deny') return response
  const reason =
    'This version of Claude Code ignores a changed input unless the hook allows the call too: give permission: "allow", or upgrade the CLI.'
  return {
    ...response,
    hookSpecificOutput: { ...specific, permissionDecision: 'deny', permissionDecisionReason: reason },
  }
}

function refused(op: string, text: string, named: string | undefined): ClaudeError {
  const remoteCode = named ?? (text.startsWith('Unsupported control request') ? 'unsupported_request' : undefined)
  const code = remoteCode === 'unsupported_request' ? 'unsupported' : remoteCode === 'not_found' ? remoteCode : 'remote'
  return new ClaudeError({ code, message: `The CLI refused ${op}: ${text}`, remoteCode, sent: 'yes', op })
}
