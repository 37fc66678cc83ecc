/**
 * Replays a recording against the clients of this library: each recorded link becomes the call that it began with, and the lines that the
 * client says now are compared with those of then.
 */
import { SignalboxError, tap } from 'signalbox'
import { createRecorder, replayTransport, type RecordedLine } from 'signalbox/testing'
import type { StreamTransport } from 'signalbox'

/** A line that differs. Undefined: that side has no such line. */
export interface Difference {
  /** Counted from 1, among the lines of the client on this link. */
  readonly number: number
  readonly recorded?: string
  readonly said?: string
}

export interface ReplayedLink {
  /** The number of the link in the recording. */
  readonly link: number
  /** The call that the link began with. */
  readonly call: string
  readonly outcome: 'same' | 'different' | 'skipped'
  /** What the call gave, or why it was skipped. */
  readonly text: string
  readonly differences: readonly Difference[]
}

const TIMEOUT_MS = 3_000
const MOST_TEXT = 300

type Call = (transport: StreamTransport, request: Readonly<Record<string, unknown>>) => Promise<unknown>

/** The systems whose calls can be made again from their first line. The others hold one long conversation with random ids. */
const CALLS: Readonly<Record<string, { readonly name: string; readonly call: Call }>> = {
  ccc: {
    name: 'cmd',
    async call(transport, { cmd, ...fields }) {
      const { createCccCore } = await import('signalbox/ccc')
      await using client = createCccCore({ transport })
      return await client.call(String(cmd), fields, { timeoutMs: TIMEOUT_MS })
    },
  },
  cccc: {
    name: 'op',
    async call(transport, { op, args }) {
      const { createCcccCore } = await import('signalbox/cccc')
      await using client = createCcccCore({ transport })
      return await client.call(String(op), (args ?? {}) as Record<string, unknown>, { timeoutMs: TIMEOUT_MS })
    },
  },
}

const STREAMS: ReadonlySet<string> = new Set(['subscribe', 'events_stream', 'term_attach'])

/** Replays the links of one system, one after the other. `onLink` hears of each. */
export async function replay(
  system: string,
  lines: readonly RecordedLine[],
  onLink: (link: ReplayedLink) => void,
  signal?: AbortSignal,
): Promise<void> {
  const numbers = [...new Set(lines.map(({ link }) => link))]
  for (const number of numbers) {
    if (signal?.aborted) return
    onLink(
      await replayLink(
        system,
        number,
        lines.filter(({ link }) => link === number),
      ),
    )
  }
}

async function replayLink(system: string, link: number, lines: readonly RecordedLine[]): Promise<ReplayedLink> {
  const skipped = (call: string, text: string): ReplayedLink => ({ link, call, outcome: 'skipped', text, differences: [] })
  const known = Object.hasOwn(CALLS, system) ? CALLS[system] : undefined
  if (!known)
    return skipped(system, 'The client of this system uses ids of its own in every line, so a comparison would always differ.')
  const recorded = lines.flatMap(({ type, line = '' }) => (type === 'out' ? [line] : []))
  const request = parsed(recorded[0])
  if (!request) return skipped('no call', 'The client said nothing on this link.')
  const call = String(request[known.name] ?? 'unknown')
  if (STREAMS.has(call)) return skipped(call, 'A stream reads for ever and opens more links than its own, so it is no single call.')
  const recorder = createRecorder()
  let text: string
  try {
    const result = await known.call(tap(replayTransport(lines.map((line) => ({ ...line, link: 1 }))), recorder), request)
    text = JSON.stringify(result)
  } catch (error) {
    text = SignalboxError.is(error) ? `${error.code}: ${error.message}` : String(error)
  }
  const said = recorder.lines.flatMap(({ type, line = '' }) => (type === 'out' ? [line] : []))
  const differences = differencesOf(recorded, said)
  return { link, call, outcome: differences.length === 0 ? 'same' : 'different', text: text.slice(0, MOST_TEXT), differences }
}

function differencesOf(recorded: readonly string[], said: readonly string[]): Difference[] {
  const all = Array.from({ length: Math.max(recorded.length, said.length) }, (_, index) => ({
    number: index + 1,
    recorded: recorded[index],
    said: said[index],
  }))
  return all.flatMap(({ number, recorded: then, said: now }) =>
    then === now
      ? []
      : [{ number, ...(then === undefined ? {} : { recorded: then }), ...(now === undefined ? {} : { said: now }) }],
  )
}

function parsed(line: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line ?? '')
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
