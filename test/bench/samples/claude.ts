/**
 * What a message of a Claude run costs: the lines of a recorded conversation, many times over, through the whole client by batches,
 * typed and not validated, against JSON.parse of the same lines.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { query as ask, type ClaudeLaunch } from '../../../src/claude/index.js'
import { encodeNdjson } from '../../../src/core/codec/ndjson.js'
import { timed, type Measured } from '../measure.js'
import type { CloseReason, Link, StreamTransport } from '../../../src/transport.js'

// This relative path is right for this file and for the bundle.
const fixture = fileURLToPath(new URL('../../test/fixtures/claude/2.1.329/partial-tool-use.stdout.ndjson', import.meta.url))
const [init, ...rest] = readFileSync(fixture, 'utf8').trim().split('\n') as [string, ...string[]]
const result = rest.pop() as string
const CHUNK = 65_536

/** A turn whose middle comes many times over: one init, one result. */
export function conversation(times: number): { readonly lines: readonly string[]; readonly chunks: readonly Uint8Array[] } {
  const lines = [init, ...Array.from({ length: times }, () => rest).flat(), result]
  const bytes = new TextEncoder().encode(`${lines.join('\n')}\n`)
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.byteLength; at += CHUNK) chunks.push(bytes.slice(at, at + CHUNK))
  return { lines, chunks }
}

/** Answers `initialize`, and the first message with everything. */
export function conversationTransport(chunks: readonly Uint8Array[]): StreamTransport<ClaudeLaunch> {
  return {
    kind: 'stream',
    name: 'bench',
    async open() {
      const waiting: Uint8Array[] = []
      let wake = (): void => {}
      let over = false
      const reason: CloseReason = { kind: 'exit', exitCode: 0, signal: null, stderrTail: '' }
      const link: Link = {
        info: { id: 'bench', transport: 'bench' },
        async read() {
          while (waiting.length === 0 && !over) await new Promise<void>((resolve) => (wake = resolve))
          return waiting.shift() ?? null
        },
        async write(chunk) {
          const line = JSON.parse(new TextDecoder().decode(chunk)) as { type: string; request_id: string }
          if (line.type === 'user') waiting.push(...chunks)
          else
            waiting.push(
              encodeNdjson({
                type: 'control_response',
                response: { subtype: 'success', request_id: line.request_id, response: {} },
              }),
            )
          wake()
        },
        async end() {
          over = true
          wake()
        },
        close: async () => reason,
        closed: Promise.resolve(reason),
        async [Symbol.asyncDispose]() {},
      }
      return link
    },
  }
}

const query =
  (view: 'lines' | 'messages'): Measured =>
  async ({ count: times }) => {
    const { lines, chunks } = conversation(times)
    return timed(async () => {
      let count = 0
      const turn = ask('go', { transport: conversationTransport(chunks), timeoutMs: 0 })
      for await (const batch of view === 'lines' ? turn.lines().batches() : turn.batches()) count += batch.length
      if (view === 'lines' && count !== lines.length) throw new Error(`${lines.length - count} lines were lost`)
      return lines.length
    })
  }

export const claudeSamples = {
  async claudeParse({ count: times }) {
    const { lines } = conversation(times)
    return timed(() => {
      let count = 0
      for (const line of lines) count += (JSON.parse(line) as { type?: string }).type === undefined ? 0 : 1
      return count
    })
  },
  claudeLines: query('lines'),
  claudeMessages: query('messages'),
} satisfies Record<string, Measured>
