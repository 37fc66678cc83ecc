/**
 * Faults for HTTP, drawn from a seed. A request counts as one chunk to the server, its answer as one chunk from it. `coalesce` and `duplicate`
 * have no effect: HTTP gives the body of each answer once.
 */
import { SignalboxError, type Clock, type ExchangeTransport, type Random, type Reply } from 'signalbox'
import { createSeededRandom, type Fault } from 'signalbox/testing'
import { pause } from './side.js'

export interface BrokenExchangeOptions {
  readonly seed: number
  readonly clock: Clock
  /** How likely each fault is, from 0 to 1. Read for each request. */
  readonly odds: Partial<Readonly<Record<Fault, number>>>
  readonly maxLatencyMs: number
  /** How long the server is away after a `kill`. */
  readonly downMs: number
  readonly onFault: (fault: Fault) => void
}

/** Wraps a transport so that its exchanges fail as those of a bad network. */
export function brokenExchange(transport: ExchangeTransport, options: BrokenExchangeOptions): ExchangeTransport {
  const { seed, clock, odds, maxLatencyMs, downMs, onFault } = options
  const open = new Set<() => void>()
  let count = 0
  let downUntil = Number.NEGATIVE_INFINITY

  const broken = (sent: 'no' | 'maybe'): SignalboxError =>
    new SignalboxError({
      code: sent === 'no' ? 'unreachable' : 'closed',
      message: `The connection was broken on purpose (seed ${seed}).`,
      transport: transport.name,
      sent,
    })
  const kill = (): void => {
    downUntil = clock.monotonic() + downMs
    for (const end of [...open]) end()
  }
  /** What happens to a chunk before it arrives. Resolves with the faults that the caller must carry out. */
  const pass = async (random: Random, way: 'in' | 'out', dead: Promise<never>): Promise<Fault | undefined> => {
    const strikes = (fault: Fault): boolean => {
      const chance = odds[fault] ?? 0
      if (chance === 0 || random() >= chance) return false
      onFault(fault)
      return true
    }
    if (strikes('latency')) await Promise.race([pause(clock, random() * maxLatencyMs), dead])
    if (strikes('stall')) await dead
    if (strikes('kill')) {
      kill()
      await dead
    }
    if (strikes('reset')) throw broken('maybe')
    if (strikes('truncate')) {
      // The server ignores half of a request.
      if (way === 'out') throw broken('maybe')
      return 'truncate'
    }
    if (way === 'in' && strikes('half-close')) return 'half-close'
    return strikes('split') ? 'split' : undefined
  }

  return {
    kind: 'exchange',
    name: transport.name,
    async exchange(request, given) {
      if (clock.monotonic() < downUntil) throw broken('no')
      count += 1
      const random = createSeededRandom(seed + count * 7919)
      const signal = given?.signal
      let end = (): void => {}
      const dead = new Promise<never>((_, reject) => {
        end = () => reject(broken('maybe'))
      })
      dead.catch(() => {})
      open.add(end)
      signal?.addEventListener('abort', end, { once: true })
      try {
        await pass(random, 'out', dead)
        const reply = await Promise.race([transport.exchange(request, given), dead])
        return cut(reply, await pass(random, 'in', dead), broken)
      } finally {
        open.delete(end)
        signal?.removeEventListener('abort', end)
      }
    },
  }
}

/** The reply with its body in pieces, or with half of it. */
function cut(reply: Reply, fault: Fault | undefined, broken: (sent: 'maybe') => SignalboxError): Reply {
  const { body } = reply
  if (!fault || !body) return reply
  const reader = body.getReader()
  const isWhole = fault === 'split'
  return {
    ...reply,
    body: new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = await reader.read()
        if (done) return controller.close()
        const middle = Math.floor(value.byteLength / 2)
        if (middle > 0) controller.enqueue(value.subarray(0, middle))
        if (!isWhole) return controller.error(broken('maybe'))
        controller.enqueue(value.subarray(middle))
      },
      cancel: (reason) => reader.cancel(reason),
    }),
  }
}
