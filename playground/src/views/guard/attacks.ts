/** What the page tries against the gateway that it is connected to. Every answer is the gateway's own. */
import { SignalboxError } from 'signalbox'
import { gateway, type GatewayClient } from 'signalbox/web'

/** One answer, or several equal ones. */
export interface GatewayAnswer {
  /** The code of the refusal, or the status of the answer. */
  readonly code: string
  readonly text: string
  readonly times?: number
}

/** How an attempt ended. `unseen`: the browser hid the answer, and no witness saw it. */
export interface AttackOutcome {
  readonly verdict: 'refused' | 'passed' | 'unseen'
  readonly answers: readonly GatewayAnswer[]
  /** One more sentence. */
  readonly note?: string
  readonly ms: number
}

/** What an attempt may use. */
export interface AttackContext {
  readonly origin: string
  /** An upstream that this page may name. */
  readonly upstream: string
  readonly client: GatewayClient
  /** Waits for a refusal in the audit log. Undefined where this page may not read the log. */
  readonly witness?: (codes: readonly string[], sinceMs: number) => Promise<GatewayAnswer | undefined>
}

/** One attempt. */
export interface Attack {
  readonly id: string
  readonly title: string
  readonly what: string
  /** What a browser forbids here, and what is done instead. */
  readonly instead?: string
  run(context: AttackContext): Promise<Omit<AttackOutcome, 'ms'>>
}

const JSON_TYPE = { 'content-type': 'application/json' }
const WAIT_MS = 8_000
const FLOOD = 60
const GIANT_FRAME = 1024 * 1024
const GIANT_MESSAGE = 2 * 1024 * 1024

/** A token of the right form that no gateway has issued. */
function wrongToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32))
  return `sbx_token_${btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')}`
}

async function post(context: AttackContext, headers: Readonly<Record<string, string>>): Promise<Omit<AttackOutcome, 'ms'>> {
  const url = `${context.origin}/v1/${context.upstream}/call`
  const reply = await fetch(url, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body: '{"id":1,"method":"agents"}' })
  const { error } = (await reply.json().catch(() => ({}))) as { error?: { code?: string; message?: string } }
  const answer = { code: error?.code ?? String(reply.status), text: `${reply.status}. ${error?.message ?? 'No reason was given.'}` }
  return { verdict: reply.ok ? 'passed' : 'refused', answers: [answer] }
}

const answerOf = (error: unknown): GatewayAnswer =>
  SignalboxError.is(error)
    ? { code: error.remoteCode ?? error.code, text: error.message }
    : { code: 'error', text: error instanceof Error ? error.message : String(error) }

/** Equal answers once, with their number. */
function tally(answers: readonly GatewayAnswer[]): readonly GatewayAnswer[] {
  const byCode = new Map<string, GatewayAnswer>()
  for (const answer of answers) {
    const known = byCode.get(answer.code)
    byCode.set(answer.code, { ...(known ?? answer), times: (known?.times ?? 0) + 1 })
  }
  return [...byCode.values()]
}

/** Loads a path of the gateway inside a frame whose origin is opaque. The browser then sends `Origin: null` and `Sec-Fetch-Site: cross-site`. */
async function fromOpaqueOrigin({ origin, upstream, witness }: AttackContext): Promise<Omit<AttackOutcome, 'ms'>> {
  const frame = document.createElement('iframe')
  frame.setAttribute('sandbox', '')
  frame.title = 'A page of another origin'
  frame.className = 'guard-frame'
  frame.srcdoc = `<img alt="" src="${origin}/v1/${encodeURIComponent(upstream)}/call">`
  const sinceMs = Date.now()
  document.body.append(frame)
  try {
    const seen = await witness?.(['origin_not_allowed', 'cross_site'], sinceMs)
    if (seen)
      return {
        verdict: 'refused',
        answers: [seen],
        note: 'The browser hid the answer from the page. The audit log is the witness.',
      }
    if (!witness) await new Promise((resolve) => setTimeout(resolve, 1_000))
    const why = witness ? 'No refusal came into the audit log.' : 'Only the audit log shows it, and this page may not read the log.'
    return { verdict: 'unseen', answers: [], note: `The request was sent, and the browser hid the answer from the page. ${why}` }
  } finally {
    frame.remove()
  }
}

/** Sends one frame that is larger than any first frame may be. */
async function giantFrame({ origin, upstream }: AttackContext): Promise<Omit<AttackOutcome, 'ms'>> {
  const url = `${origin.replace(/^http/, 'ws')}/v1/${encodeURIComponent(upstream)}/link`
  const socket = new WebSocket(url, 'signalbox.v1')
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      socket.close()
      resolve({ verdict: 'passed', answers: [{ code: 'no answer', text: `The link was still open after ${WAIT_MS / 1_000} s.` }] })
    }, WAIT_MS)
    socket.addEventListener('open', () => socket.send('x'.repeat(GIANT_FRAME)))
    socket.addEventListener('close', ({ code, reason }) => {
      clearTimeout(timer)
      const text = reason || (code === 1009 ? 'The frame is too large.' : 'The socket was cut without a reason.')
      resolve({ verdict: 'refused', answers: [{ code: `close ${code}`, text }] })
    })
  })
}

async function giantMessage({ client, upstream }: AttackContext): Promise<Omit<AttackOutcome, 'ms'>> {
  const body = JSON.stringify({ id: 1, method: 'agents', params: { padding: 'x'.repeat(GIANT_MESSAGE) } })
  const reply = await client.api.exchange({ method: 'POST', path: `/v1/${upstream}/call`, headers: JSON_TYPE, body })
  const text = reply.body ? await new Response(reply.body).text() : ''
  const { error } = parsed(text)
  const answer = {
    code: error?.code ?? String(reply.status),
    text: `${reply.status}. ${error?.message ?? ''} ${error?.hint ?? ''}`.trim(),
  }
  return { verdict: reply.status >= 400 ? 'refused' : 'passed', answers: [answer] }
}

function parsed(text: string): { readonly error?: { code?: string; message?: string; hint?: string } } {
  try {
    return JSON.parse(text) as { error?: { code?: string; message?: string } }
  } catch {
    return {}
  }
}

/** Many links with wrong tokens at once. Beside them, the page's own requests are timed. */
async function flood({ origin, upstream, client }: AttackContext): Promise<Omit<AttackOutcome, 'ms'>> {
  const answers: GatewayAnswer[] = []
  let passed = 0
  const attackers = Array.from({ length: FLOOD }, async () => {
    try {
      const link = await gateway(origin, { token: wrongToken() }).stream(upstream, 'link').open()
      passed += 1
      await link.close()
    } catch (error) {
      answers.push(answerOf(error))
    }
  })
  const times: number[] = []
  let over = false
  const owner = (async () => {
    while (!over) {
      const began = performance.now()
      await client.session()
      times.push(performance.now() - began)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })()
  await Promise.all(attackers)
  over = true
  await owner
  const slowest = Math.round(Math.max(...times))
  return {
    verdict: passed === 0 ? 'refused' : 'passed',
    answers: tally(answers),
    note: `Meanwhile ${times.length} requests with the credential of this page were answered, the slowest in ${slowest} ms.`,
  }
}

export const ATTACKS: readonly Attack[] = [
  {
    id: 'origin',
    title: 'Evil origin',
    what: 'Another page loads a path of the gateway in your browser.',
    instead:
      'A page cannot choose its Origin header. So the request comes from a sandboxed frame, for which the browser sends Origin: null and Sec-Fetch-Site: cross-site.',
    run: fromOpaqueOrigin,
  },
  {
    id: 'no-token',
    title: 'No token',
    what: 'A request from this page without a credential.',
    run: (context) => post(context, {}),
  },
  {
    id: 'wrong-token',
    title: 'Wrong token',
    what: 'A request with a token of the right form that was never issued.',
    run: (context) => post(context, { authorization: `Bearer ${wrongToken()}` }),
  },
  {
    id: 'giant-frame',
    title: 'Giant frame',
    what: 'A first WebSocket frame of 1 MiB. The gateway expects a short launch message there.',
    run: giantFrame,
  },
  {
    id: 'giant-message',
    title: 'Giant message',
    what: 'One message of 2 MiB with the credential of this page.',
    run: giantMessage,
  },
  {
    id: 'flood',
    title: 'Flood',
    what: `${FLOOD} links with wrong tokens at once, while this page goes on working.`,
    instead: 'A browser opens few connections at once. npm run test:attack sends real floods.',
    run: flood,
  },
]

/** Runs one attempt and measures its time. A failure of the attempt itself is an answer too. */
export async function attempt(attack: Attack, context: AttackContext): Promise<AttackOutcome> {
  const began = performance.now()
  const outcome = await attack.run(context).catch((error: unknown) => ({ verdict: 'refused' as const, answers: [answerOf(error)] }))
  return { ...outcome, ms: Math.round(performance.now() - began) }
}
