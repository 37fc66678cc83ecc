/** Several transports to one peer. The next is tried only if nothing was sent, so that no request is made twice. */
import { SignalboxError, type ErrorCode } from '../../errors.js'
import type { ExchangeTransport, OpenOptions, StreamTransport } from '../../transport.js'
import { abortError } from '../deadline.js'

/** Options of `fallback`. */
export interface FallbackOptions {
  /** Whether to try the next transport after this failure; it cannot overrule `sent`. Default: only if this transport does not work, not if the caller was refused. */
  readonly when?: (error: SignalboxError) => boolean
}

/** Codes that mean that this transport does not work. A refusal of the caller, such as a wrong credential, would be the same on every transport. */
const BARRED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'unreachable',
  'unavailable',
  'unsupported',
  'incompatible',
  'closed',
  'exited',
  'circuit_open',
])

/**
 * One transport from several: each open or exchange tries them in order until one works. It goes on only after failures with `sent: 'no'` that `when` accepts.
 *
 * @example
 * import { fallback } from 'signalbox'
 * import { tcpSocket, unixSocket } from 'signalbox/node'
 *
 * export const transport = fallback([unixSocket({ path: '/run/ccc.sock' }), tcpSocket({ port: 7000 })])
 */
export function fallback<Launch>(transports: readonly StreamTransport<Launch>[], options?: FallbackOptions): StreamTransport<Launch>
export function fallback(transports: readonly ExchangeTransport[], options?: FallbackOptions): ExchangeTransport
export function fallback<Launch>(
  transports: readonly StreamTransport<Launch>[] | readonly ExchangeTransport[],
  { when = ({ code }) => BARRED.has(code) }: FallbackOptions = {},
): StreamTransport<Launch> | ExchangeTransport {
  const [first] = transports
  if (!first) throw new SignalboxError({ code: 'invalid_argument', message: 'fallback needs at least one transport.' })
  const name = `fallback(${transports.map((each) => each.name).join(', ')})`

  const attempt = async <Way extends { readonly name: string }, Result>(
    fallbacks: readonly Way[],
    run: (fallback: Way) => Promise<Result>,
    { signal }: OpenOptions = {},
    repeatable = (): boolean => true,
  ): Promise<Result> => {
    const failures: SignalboxError[] = []
    for (const fallback of fallbacks) {
      if (signal?.aborted) throw abortError(signal, { transport: name, op: 'open', sent: 'no' })
      try {
        return await run(fallback)
      } catch (error) {
        if (!SignalboxError.is(error) || error.sent !== 'no' || !when(error) || !repeatable()) throw error
        failures.push(error)
      }
    }
    throw exhausted(failures, name)
  }

  if (first.kind === 'exchange') {
    const fallbacks = transports as readonly ExchangeTransport[]
    return {
      kind: 'exchange',
      name,
      exchange(request, options) {
        // A stream cannot be sent again once it was read, even if none of its bytes were sent.
        const repeatable = (): boolean => !(request.body instanceof ReadableStream && request.body.locked)
        return attempt(fallbacks, (fallback) => fallback.exchange(request, options), options, repeatable)
      },
    }
  }
  const candidates = transports as readonly StreamTransport<Launch>[]
  return {
    kind: 'stream',
    name,
    open: (launch, options) => attempt(candidates, (fallback) => fallback.open(launch, options), options),
  }
}

function exhausted(failures: readonly SignalboxError[], name: string): SignalboxError {
  const [only] = failures
  if (only && failures.length === 1) return only
  return new SignalboxError({
    code: failures.at(-1)?.code ?? 'unreachable',
    message: `No way to the peer is open. ${failures.map((error) => `${error.transport ?? 'A transport'}: ${error.message}`).join(' ')}`,
    transport: name,
    op: 'open',
    sent: 'no',
    cause: new AggregateError(failures),
  })
}
