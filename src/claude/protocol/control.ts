/**
 * The control protocol in both directions. The connection reads and writes the lines. Each request of the client has an id and a time limit,
 * because CLI 2.0 does not answer unknown requests. Each request of the CLI is answered once, by the first handler that accepts it. The CLI
 * may withdraw its request.
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

/** Answers a request of the CLI, or returns undefined to leave it to the next handler. The signal is aborted when the CLI withdraws it. */
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
  /** Whether the CLI is Claude Code 2.0, which does not answer unknown requests and ignores some fields of a hook's answer. */
  readonly isVersion20: () => boolean
  /** Called when an answer of the client ends the turn. */
  onInterrupt(): void
  /** Called when the number of open requests, of either side, may have changed. */
  onChange(): void
}

export interface ControlRequestOptions {
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Control {
  /** Handles a line of the control protocol. Returns false for every other line. */
  handle(line: ClaudeLine): boolean
  request(
    subtype: string,
    fields?: Readonly<Record<string, unknown>>,
    options?: ControlRequestOptions,
  ): Promise<Readonly<Record<string, unknown>>>
  /** How many requests of the CLI a handler is working on. */
  readonly serving: number
  /** How many requests of the client have no answer yet. */
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
    // A failed write means that the process has ended. The turn fails for that reason, so the error is ignored here.
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
      // Such a refusal ends the turn, as an interrupt does.
      if (response.interrupt === true) onInterrupt()
      answer(id, { subtype: 'success', response: options.isVersion20() ? forVersion20(request, response) : response })
    } catch (error) {
      // The CLI expects no answer to a withdrawn request.
      if (controller.signal.aborted) return
      answer(id, { subtype: 'error', error: error instanceof Error ? error.message : 'The client failed to answer.' })
    } finally {
      serving.delete(id)
      onChange()
    }
  }

  const settle = (response: ControlResponseLine['response']): void => {
    // CLI 2.0 answers some requests twice. The second answer finds no entry, or a settled promise.
    waiting.get(response.request_id)?.resolve(response)
    onChange()
  }

  return {
    handle(line) {
      if (line.type === 'control_request') {
        // After a second `initialize`, newer CLIs may send a request again.
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
      // The process may end during the write, before the code below awaits the answer.
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
/** The time limit for requests that CLI 2.0 probably does not know. It answers known requests within milliseconds. */
const UNANSWERED_MS = 2_000

function unanswered(op: string): ClaudeError {
  const message = `${op} is not known to this version of Claude Code, which leaves such requests unanswered.`
  return new ClaudeError({ code: 'unsupported', message, hint: 'Upgrade the CLI.', sent: 'yes', op })
}

/** CLI 2.0 ignores the changed input of a hook that does not also allow the call. Such a call is refused, so that it does not run unchanged. */
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
