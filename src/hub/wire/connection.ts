/** One link to a hub: calls by id, and the lines of watches. When the link dies everything that waits fails at once. */
import type { Clock } from '../../core/clock.js'
import { encodeNdjson, ndjsonDecoder } from '../../core/codec/ndjson.js'
import { messages } from '../../core/messages.js'
import { createPending } from '../../core/pending.js'
import { isRecord } from '../../core/is-record.js'
import { SignalboxError, withFacts } from '../../errors.js'
import type { Link } from '../../transport.js'
import { fromWireError } from './errors.js'
import type { HubMethod, HubReply, WireError } from './protocol.js'
import { createSilenceCheck } from './silence.js'

/** Takes the lines of one watch. Must not wait. */
export interface WatchSink {
  line(reply: HubReply & { readonly events: unknown }): void
  end(): void
  fail(error: SignalboxError): void
}

export interface HubConnection {
  call(method: HubMethod, params: object): Promise<unknown>
  /** Opens a watch. Gives its id, for `more` and `stop`. */
  watch(params: object, sink: WatchSink): Promise<number>
  send(method: 'more' | 'stop', id: number): void
  forget(id: number): void
  readonly failure: SignalboxError | undefined
  close(): Promise<void>
}

export interface ConnectionOptions {
  readonly clock: Clock
  /** See `HubClientOptions.checkEveryMs`. */
  readonly checkEveryMs: number
}

export function createConnection(link: Link, { clock, checkEveryMs }: ConnectionOptions): HubConnection {
  const calls = createPending<number, unknown>()
  const watches = new Map<number, WatchSink>()
  let count = 0
  let failure: SignalboxError | undefined

  const fail = (cause: unknown): void => {
    if (failure) return
    const original = SignalboxError.is(cause) ? cause : undefined
    silence.stop()
    failure = new SignalboxError({
      code: original?.code ?? 'closed',
      system: 'hub',
      transport: link.info.transport,
      message: 'The link to the hub ended.',
      sent: 'maybe',
      retryable: true,
      cause,
    })
    const error = failure
    calls.close(() => error)
    const all = [...watches.values()]
    watches.clear()
    for (const sink of all) sink.fail(error)
    void link.close()
  }
  const take = (line: unknown): void => {
    if (!isRecord(line) || typeof line.id !== 'number') return
    const { id } = line
    const sink = watches.get(id)
    if ('events' in line && Array.isArray(line.events)) sink?.line(line as never)
    else if ('result' in line) calls.settle(id, line.result)
    else if ('end' in line) finish(id)?.end()
    else if (isRecord(line.error)) {
      const error = fromWireError(line.error as unknown as WireError, 'hub')
      if (!calls.fail(id, error)) finish(id)?.fail(error)
    }
  }
  const finish = (id: number): WatchSink | undefined => {
    const sink = watches.get(id)
    watches.delete(id)
    return sink
  }
  const silence = createSilenceCheck({
    clock,
    everyMs: checkEveryMs,
    waits: () => calls.size > 0 || watches.size > 0,
    ask() {
      count += 1
      // No turn has this id. Any answer shows that the hub lives.
      void write(count, 'turn', { promptId: '' }).catch(() => {})
    },
    onSilent: (silentMs) => fail(silentError(link, silentMs)),
  })
  const listening: Pick<Link, 'read'> = {
    async read() {
      const chunk = await link.read()
      silence.frameArrived()
      return chunk
    },
  }
  const read = async (): Promise<void> => {
    try {
      for await (const line of messages(listening, ndjsonDecoder())) take(line)
      fail(undefined)
    } catch (error) {
      fail(error)
    }
  }
  void read()

  const write = async (id: number, method: HubMethod, params: object): Promise<void> => {
    if (failure) throw withFacts(failure, {}, { sent: 'no' })
    await link.write(encodeNdjson({ id, method, params }))
  }
  return {
    async call(method, params) {
      count += 1
      const id = count
      const answer = calls.add(id)
      silence.start()
      try {
        await write(id, method, params)
      } catch (error) {
        calls.forget(id)
        throw failure ?? error
      }
      return await answer
    },
    async watch(params, sink) {
      count += 1
      const id = count
      watches.set(id, sink)
      silence.start()
      await write(id, 'watch', params)
      return id
    },
    send: (method, id) => void write(id, method, {}).catch(() => {}),
    forget: (id) => void watches.delete(id),
    get failure() {
      return failure
    },
    async close() {
      fail(undefined)
      await link.close()
    },
  }
}

function silentError(link: Link, silentMs: number): SignalboxError {
  return new SignalboxError({
    code: 'unavailable',
    system: 'hub',
    transport: link.info.transport,
    message: `The hub was silent for ${silentMs} ms, although it was asked whether it lives.`,
    sent: 'maybe',
  })
}
