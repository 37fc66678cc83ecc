/**
 * Plays a recording of a real CLI to any client, in step with the client's lines. Ids of the recorded client are replaced by the
 * ids of this client. If the client sends an `initialize` that the recorded one did not send, the playback answers it.
 */
import { encodeNdjson, ndjsonDecoder } from '../../core/codec/ndjson.js'
import { deferred } from '../../core/deferred.js'
import { batches } from '../../core/messages.js'
import type { Link } from '../../transport.js'
import type { SimulatedExit } from './simulated.js'

/** A recording of a real CLI process, as `recordingOf` makes it. */
export interface Recording {
  /** The name of the recorded scenario. */
  readonly name: string
  /** The version of the CLI that was recorded. */
  readonly version: string
  /** The command line of the recorded process. */
  readonly args: readonly string[]
  /** The exit code; null if a signal ended the process. */
  readonly exitCode: number | null
  /** The signal that ended the process, or null. */
  readonly signal: string | null
  /** Everything that the process wrote to stderr. */
  readonly stderr: string
  /** The lines that the CLI received and wrote, and its events, in the order of time. */
  readonly steps: readonly RecordedStep[]
}

/** One step of a recording: a line to the CLI, a line from the CLI, or an event such as the end of stdin. */
export type RecordedStep = { readonly sent: Line } | { readonly wrote: Line } | { readonly event: string }
type Line = Readonly<Record<string, unknown>>

/** Makes a recording of two logs: the lines to the CLI (`stdin`) and from it (`stdout`), ordered by their times. */
export function recordingOf(
  name: string,
  version: string,
  about: {
    readonly args: readonly string[]
    readonly exit_code: number | null
    readonly signal?: string | null
    readonly stderr?: string
    readonly line_times_ms?: readonly number[]
    readonly sent_times_ms?: readonly number[]
  },
  stdin: readonly Line[],
  stdout: readonly Line[],
): Recording {
  const { line_times_ms: written = [], sent_times_ms: sent = [] } = about
  const steps = [
    ...stdin.map((line, index) => ({
      at: sent[index] ?? Number.POSITIVE_INFINITY,
      order: 0,
      step: typeof line['#'] === 'string' ? { event: line['#'] } : { sent: line },
    })),
    ...stdout.map((line, index) => ({ at: written[index] ?? Number.POSITIVE_INFINITY, order: 1, step: { wrote: line } })),
  ]
  // The sort is stable, so lines of one moment keep their order. A sent line comes before the lines that it caused.
  steps.sort((a, b) => a.at - b.at || a.order - b.order)
  const { args, exit_code: exitCode, signal = null, stderr = '' } = about
  return { name, version, args, exitCode, signal, stderr, steps: causal(steps.map(({ step }) => step)) }
}

/** Moves each answer behind its question. The times were measured on two sides, so the order can be wrong. */
function causal(steps: readonly RecordedStep[]): RecordedStep[] {
  const out = [...steps]
  for (let index = 0; index < out.length; index += 1) {
    const step = out[index] as RecordedStep
    if (!('sent' in step) || step.sent.type !== 'control_response') continue
    const id = (step.sent.response as Line).request_id
    const asked = out.findIndex(
      (other) => 'wrote' in other && other.wrote.type === 'control_request' && other.wrote.request_id === id,
    )
    if (asked > index) {
      out.splice(index, 1)
      out.splice(asked, 0, step)
      index -= 1
    }
  }
  return out
}

/** The link to the client, and a signal that ends the playback as a kill does. */
export interface PlayParts {
  readonly link: Pick<Link, 'read' | 'write' | 'end'>
  readonly killed: AbortSignal
}

/** A key for comparing client lines with recorded ones: the type, and the request or the answered id. */
function kindOf(line: Line): string {
  if (line.type === 'control_request') return `request:${String((line.request as Line | undefined)?.subtype)}`
  if (line.type === 'control_response') return `response:${String((line.response as Line).request_id)}`
  return String(line.type)
}

/**
 * Plays a recorded CLI process to a link, in step with the client's lines. Ids of the recorded client are replaced by the client's
 * own. Gives the recorded exit, or status 143 after a kill.
 */
export async function playRecording(recording: Recording, { link, killed }: PlayParts): Promise<SimulatedExit> {
  const ids = new Map<string, string>()
  const received: Line[] = []
  let ended = false
  let changed = deferred()
  const tell = (): void => {
    changed.resolve()
    changed = deferred()
  }
  const wanted = recording.steps.flatMap((step) => ('sent' in step ? [kindOf(step.sent)] : []))
  const initializes = wanted.includes('request:initialize')
  const write = (line: Line): Promise<void> => link.write(encodeNdjson(line)).catch(() => {})

  const read = async (): Promise<void> => {
    for await (const batch of batches(link, ndjsonDecoder<Line>({ onInvalid: () => undefined }))) {
      for (const line of batch) {
        if (!initializes && kindOf(line) === 'request:initialize') {
          await write({
            type: 'control_response',
            response: { subtype: 'success', request_id: line.request_id, response: { commands: [] } },
          })
        } else received.push(line)
      }
      tell()
    }
  }
  void read()
    .catch(() => {})
    .then(() => {
      ended = true
      tell()
    })
  killed.addEventListener('abort', tell, { once: true })

  /** Waits for a line of this kind and takes it. */
  const take = async (kind: string): Promise<Line | undefined> => {
    for (;;) {
      const index = received.findIndex((line) => kindOf(line) === kind)
      if (index !== -1) return received.splice(index, 1)[0]
      if (ended || killed.aborted) return undefined
      await changed.promise
    }
  }

  const expected: Line[] = []
  /** Waits for the lines that the recorded client had sent before. The order may differ, if the cause of each line has come. */
  const meet = async (causes: (line: Line) => boolean): Promise<void> => {
    for (const line of expected.filter(causes)) {
      expected.splice(expected.indexOf(line), 1)
      const mine = await take(kindOf(line))
      if (mine && typeof line.request_id === 'string') ids.set(line.request_id, String(mine.request_id))
      if (mine && typeof line.uuid === 'string') ids.set(line.uuid, String(mine.uuid))
    }
  }

  // A one-shot run had its prompt on the command line. A client sends the prompt as its first message.
  const promptFirst = !wanted.includes('user') && recording.steps.some((step) => 'wrote' in step && step.wrote.type === 'system')
  let awaited = !promptFirst
  for (const step of recording.steps) {
    if (killed.aborted) return { exitCode: 143, signal: null, stderr: '' }
    if ('event' in step) {
      // The client decides when to close. A signal ends the process.
      if (step.event.startsWith('signal ')) break
      continue
    }
    if ('sent' in step) {
      expected.push(step.sent)
      continue
    }
    const { wrote } = step
    if (!awaited && wrote.type !== 'control_request' && wrote.type !== 'control_response') {
      await take('user')
      awaited = true
    }
    await meet((line) => isCause(line, wrote))
    await write(renamed(wrote, ids))
  }
  while (!ended && !killed.aborted && recording.exitCode === 0) await changed.promise
  return { exitCode: recording.exitCode, signal: recording.signal, stderr: recording.stderr }
}

/** True if this line of the client may have caused that line of the CLI. */
function isCause(sent: Line, wrote: Line): boolean {
  if (wrote.type === 'control_response') return sent.request_id === (wrote.response as Line).request_id
  if (wrote.type !== 'control_request') return true
  // Requests to the client's servers come before any message. Requests about tools and prompts come after it.
  return sent.type === 'control_request' || sent.type === 'control_response' || (wrote.request as Line).subtype !== 'mcp_message'
}

/** Replaces the ids of the recorded client by the ids of this client. */
function renamed(line: Line, ids: ReadonlyMap<string, string>): Line {
  if (ids.size === 0) return line
  const swap = (value: unknown): unknown => {
    if (typeof value === 'string') return ids.get(value) ?? value
    if (Array.isArray(value)) return value.map(swap)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, swap(item)]))
  }
  return swap(line) as Line
}
