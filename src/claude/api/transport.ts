/**
 * The Messages API in place of the CLI. This transport answers a client's lines as the CLI does, so queries, sessions and tools of the
 * client's process work without a CLI, also in a page or an edge worker. There are no built-in tools, no files and no saved sessions: the
 * conversation ends with the link.
 */
import { encodeNdjson, ndjsonDecoder } from '../../core/codec/ndjson.js'
import { createInbox } from '../../core/inbox.js'
import { batches } from '../../core/messages.js'
import { deferred } from '../../core/deferred.js'
import { abortError } from '../../core/deadline.js'
import { SignalboxError } from '../../errors.js'
import type { CloseReason, Link, StreamTransport } from '../../transport.js'
import type { APIClientConfig } from './config.js'
import { APIClientError, APINotAvailableError } from '../messages/errors.js'
import type { ClaudeLaunch } from '../launch/launch.js'
import { createApiConversation } from './conversation.js'

/**
 * The Messages API as a transport that writes the CLI's lines: queries, sessions, interrupts and tools of this process work without a
 * CLI. What only a CLI can do fails with `unsupported`.
 *
 * @example
 * ```ts
 * import { createClaude } from 'signalbox/claude'
 * import { messagesApi } from 'signalbox/claude/api'
 * import { fetchExchange } from 'signalbox/web'
 *
 * const exchange = fetchExchange({ baseUrl: 'https://api.anthropic.com' })
 * await using claude = createClaude({ transport: messagesApi({ exchange, apiKey: 'sk-ant-…' }) })
 * ```
 */
export function messagesApi(config: APIClientConfig): StreamTransport<ClaudeLaunch> {
  const name = `messages-api:${config.exchange.name}`
  let count = 0
  return {
    kind: 'stream',
    name,
    async open(launch, { signal, trace } = {}) {
      if (signal?.aborted) throw abortError(signal, { transport: name, op: 'open', sent: 'no' })
      if (config.requireKey && (config.apiKey === undefined || config.apiKey === '')) {
        throw new APINotAvailableError({
          code: 'unauthenticated',
          message: 'The Messages API needs a key and none was given.',
          hint: 'Pass apiKey, or an exchange that goes through a proxy which adds it.',
          transport: name,
          op: 'open',
        })
      }
      if (launch.probe !== undefined) {
        throw new APIClientError({
          code: 'unsupported',
          message: 'There is no executable behind the Messages API.',
          transport: name,
          op: 'open',
        })
      }
      checkLaunch(launch, name)
      count += 1
      return openLink(config, launch, `${name}-${count}`, name, trace)
    },
  }
}

/** Refuses launch fields that need a CLI. Ignoring them would hide from the caller that they have no effect. */
function checkLaunch(launch: ClaudeLaunch, transport: string): void {
  const wanted = (
    ['resume', 'continueSession', 'mcpServers', 'mcpConfig', 'agent', 'agents', 'pluginDirs', 'replayUserMessages'] as const
  ).find((field) => launch[field] !== undefined)
  if (wanted === undefined) return
  throw new APIClientError({
    code: 'unsupported',
    message: `The Messages API cannot do what ${wanted} asks for.`,
    hint: 'Run it with the CLI.',
    transport,
    op: 'open',
  })
}

function openLink(
  config: APIClientConfig,
  launch: ClaudeLaunch,
  id: string,
  transport: string,
  trace: Readonly<Record<string, string>> | undefined,
): Link {
  const decoder = ndjsonDecoder<unknown>()
  const toUs = createInbox(() => {})
  const toClient = createInbox(() => wakeWriter())
  const life = new AbortController()
  const closed = deferred<CloseReason>()
  let room = deferred()
  let over = false

  const wakeWriter = (): void => {
    room.resolve()
    room = deferred()
  }
  const finish = (reason: CloseReason): void => {
    if (over) return
    over = true
    life.abort()
    wakeWriter()
    toClient.end()
    toUs.end()
    closed.resolve(reason)
  }
  const emit = async (line: object): Promise<void> => {
    while (!over && toClient.bytes > 256 * 1024) await room.promise
    if (!over) toClient.push(encodeNdjson(line))
  }
  const conversation = createApiConversation({ config, launch, emit, signal: life.signal, ...(trace ? { trace } : {}) })
  const serve = async (): Promise<void> => {
    for await (const batch of batches(toUs, decoder)) for (const line of batch) conversation.take(line)
    await conversation.finished()
  }
  serve().then(
    () => finish({ kind: 'exit', exitCode: 0, signal: null, stderrTail: '' }),
    (error: unknown) => finish({ kind: 'error', error }),
  )

  return {
    info: { id, transport, peer: 'messages-api' },
    read: () => toClient.read(),
    async write(chunk) {
      if (over || toUs.ended) throw new SignalboxError({ code: 'closed', message: 'This link is over.', transport, sent: 'no' })
      toUs.push(chunk.slice())
    },
    async end() {
      toUs.end()
    },
    close() {
      toClient.discard()
      finish({ kind: 'local' })
      return closed.promise
    },
    closed: closed.promise,
    async [Symbol.asyncDispose]() {
      await this.close()
    },
  }
}
