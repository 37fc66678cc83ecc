/**
 * A plain client, as an ordinary program has one: it connects, writes a line, reads a line, and repeats when that fails. It buffers lines and
 * decodes split characters correctly. It keeps no receipts and asks nobody what became of a request.
 */
import type { Clock, StreamTransport } from 'signalbox'
import { pause } from './side.js'
import type { Said } from './tally.js'

const ATTEMPTS = 5
const PAUSE_MS = 500

export interface PlainClientOptions<Launch> {
  readonly transport: StreamTransport<Launch>
  readonly launch: Launch
  readonly clock: Clock
  readonly timeoutMs: number
  readonly ending: AbortSignal
  /** True for the line that ends the request well; false for one that ends it badly; undefined for any other line. */
  readonly isSuccess: (answer: Record<string, unknown>) => boolean | undefined
  readonly repeated: () => void
}

/** Delivers one request: up to five attempts, half a second apart. */
export async function deliverPlainly<Launch>(
  options: PlainClientOptions<Launch>,
  request: (attempt: number) => readonly unknown[],
): Promise<Said> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    if (attempt > 1) {
      options.repeated()
      await pause(options.clock, PAUSE_MS)
    }
    try {
      if (await once(options, request(attempt))) return 'acknowledged'
    } catch {
      // The connection failed. The next attempt may do better.
    }
    if (options.ending.aborted) break
  }
  return 'failed'
}

async function once<Launch>(options: PlainClientOptions<Launch>, lines: readonly unknown[]): Promise<boolean> {
  const { transport, launch, clock, timeoutMs, isSuccess } = options
  const link = await transport.open(launch)
  const timer = clock.after(timeoutMs, () => void link.close({ graceMs: 0 }))
  try {
    await link.write(new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join('')))
    const utf8 = new TextDecoder()
    let text = ''
    for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) {
      text += utf8.decode(chunk, { stream: true })
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n')) {
        const verdict = isSuccess(JSON.parse(text.slice(0, end)) as Record<string, unknown>)
        if (verdict !== undefined) return verdict
        text = text.slice(end + 1)
      }
    }
    return false
  } finally {
    timer.cancel()
    await link.close({ graceMs: 0 })
  }
}
