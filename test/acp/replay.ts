/**
 * Replays a recording to our source. A request of the source is answered with the recorded lines of the next request for the same method; recorded
 * requests that the source does not send are skipped.
 */
import { encodeNdjson, ndjsonDecoder } from '../../src/core/codec/ndjson.js'
import { messages } from '../../src/core/messages.js'
import { memoryPair } from '../../src/testing/index.js'
import type { Link, StreamTransport } from '../../src/transport.js'
import type { AcpRecording, Json, RecordedLine } from './recordings.js'

export interface Replay {
  readonly transport: StreamTransport<void>
  /** What the source wrote. */
  readonly received: readonly Json[]
}

export function replay({ name, lines }: AcpRecording): Replay {
  const received: Json[] = []
  return {
    received,
    transport: {
      kind: 'stream',
      name,
      async open() {
        const [near, far] = memoryPair()
        void serve(far, lines, received).catch(() => far.close())
        return near
      },
    },
  }
}

async function serve(link: Link, lines: readonly RecordedLine[], received: Json[]): Promise<void> {
  let at = 0
  /** The recorded request that is being played, and the id of the source's request. */
  let playing: { readonly recordedId: unknown; readonly id: unknown } | undefined

  /** Writes the agent's lines up to the next line that the client has to write. */
  const play = async (): Promise<void> => {
    for (; lines[at]?.from === 'agent'; at += 1) {
      const { message } = lines[at] as RecordedLine
      const isResponse = message.method === undefined
      await link.write(encodeNdjson(isResponse && message.id === playing?.recordedId ? { ...message, id: playing?.id } : message))
    }
  }
  for await (const message of messages(link, ndjsonDecoder<Json>())) {
    received.push(message)
    const { id, method } = message
    const isRequest = method !== undefined && id !== undefined
    const same = ({ from, message: recorded }: RecordedLine): boolean =>
      from === 'client' && recorded.method === method && (isRequest || recorded.id === id)
    const next = lines.findIndex((line, index) => index >= at && same(line))
    if (next < 0) {
      if (isRequest)
        await link.write(encodeNdjson({ jsonrpc: '2.0', id, error: { code: -32601, message: `${method} is not recorded` } }))
      continue
    }
    if (isRequest) playing = { recordedId: lines[next]?.message.id, id }
    at = next + 1
    await play()
  }
}
