/**
 * `/v1/admin/…`: credentials and the audit log for a page with the scope `admin`. No answer holds a token, a ticket or content, and no
 * request makes a credential: that needs the command line of the machine.
 */
import { onAbort } from '../core/on-abort.js'
import { parseJson, readBody } from './body.js'
import type { GatewayContext } from './context.js'
import type { AdminAction } from './paths.js'
import { Refusal } from './refusal.js'
import { jsonReply } from './replies.js'
import type { RequestLifetime } from './request-lifetimes.js'
import { allows, type Grant } from './scopes.js'

const MAX_BODY_BYTES = 1_024
const KEEP_ALIVE_MS = 15_000
const METHODS: Readonly<Record<AdminAction, string>> = { credentials: 'GET', audit: 'GET', revoke: 'POST' }

/** Answers an admin request of a valid credential. Throws the refusal. A reply whose body is whole ends its lifetime here. */
export async function administer(
  context: GatewayContext,
  request: Request,
  action: AdminAction,
  grant: Grant,
  lifetime: RequestLifetime,
): Promise<Response> {
  const note = (outcome: 'passed' | Refusal['code']): void =>
    context.tell({ type: 'admin', grant: grant.id, name: grant.name, op: action, outcome })
  try {
    checkAdmin(grant)
    if (request.method !== METHODS[action]) throw new Refusal('method_not_allowed')
    const reply =
      action === 'audit'
        ? follow(context, grant, lifetime)
        : action === 'revoke'
          ? await revoke(context, request, lifetime)
          : list(context, grant)
    note('passed')
    if (action !== 'audit') lifetime.over()
    return reply
  } catch (error) {
    if (error instanceof Refusal) note(error.code)
    throw error
  }
}

function checkAdmin(grant: Grant): void {
  const hint = 'Run `signalbox gateway ticket --scopes admin` on the machine of the gateway and open the address that it prints.'
  if (!allows(grant, 'admin')) throw new Refusal('scope_missing', { scope: 'admin', hint })
  if (!grant.upstreams) return
  throw new Refusal('scope_missing', { message: 'A credential for some upstreams only may not administer the gateway.', hint })
}

function list({ credentials }: GatewayContext, { id }: Grant): Response {
  return jsonReply({ ok: true, own: id, credentials: credentials.list(), tickets: credentials.tickets() })
}

async function revoke(context: GatewayContext, request: Request, { signal }: RequestLifetime): Promise<Response> {
  const { credentials, limits, clock } = context
  const body = await readBody(request, { maxBytes: MAX_BODY_BYTES, timeoutMs: limits.bodyTimeoutMs, signal, clock })
  const { id } = parseJson(body)
  if (typeof id !== 'string') throw new Refusal('invalid_request', { message: 'The body is { "id": … }.' })
  const credential = credentials.list().find((each) => each.id === id)
  if (credential?.kind === 'owner') {
    throw new Refusal('server_only', {
      message: 'A credential without an end belongs to the machine of the gateway, so no page can withdraw it.',
      hint: 'Restart the gateway, or withdraw it there with `signalbox gateway revoke`.',
    })
  }
  if (!credentials.revoke(id)) throw new Refusal('not_found', { message: 'No credential and no ticket has this id.' })
  return jsonReply({ ok: true, revoked: id })
}

/** The kept entries and then each new one, as NDJSON. The reader sets the pace: a slow one misses entries and gets their number. */
function follow(context: GatewayContext, grant: Grant, lifetime: RequestLifetime): Response {
  lifetime.atEnd(context.concurrency.takeCall(grant))
  const { audit, clock } = context
  const encoder = new TextEncoder()
  let position = 0
  let stop = (): void => {}
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        // Firefox delays the first bytes of an answer; an empty line is ignored by the client.
        controller.enqueue(encoder.encode('\n'))
        stop = onAbort(lifetime.signal, () => {
          controller.error(lifetime.signal.reason)
          lifetime.over()
        })
      },
      async pull(controller) {
        const batch = audit.after(position)
        const due = batch.position === position ? await next(context, lifetime.signal) : batch
        if (lifetime.signal.aborted) return
        const { entries, missed } = due
        position = due.position || position
        const lines = [...(missed > 0 ? [{ missed }] : []), ...entries].map((line) => `${JSON.stringify(line)}\n`)
        controller.enqueue(encoder.encode(lines.join('') || '\n'))
      },
      cancel() {
        stop()
        lifetime.over()
      },
    },
    { highWaterMark: 1 },
  )
  /** Waits for an entry, or for the time of an empty line that keeps the connection open. */
  const next = async ({ audit: trail }: GatewayContext, signal: AbortSignal) => {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stopWaiting()
        beat.cancel()
        ignore()
        resolve()
      }
      const stopWaiting = trail.onNext(() => done())
      const beat = clock.after(KEEP_ALIVE_MS, () => done())
      let ignore = (): void => {}
      ignore = onAbort(signal, () => done())
    })
    return trail.after(position)
  }
  return new Response(body, { status: 200, headers: { 'content-type': 'application/x-ndjson' } })
}
