/** Reads the lines of a CLI process, batch by batch, until its output ends. */
import { ndjsonDecoder } from '../../core/codec/ndjson.js'
import { batches } from '../../core/messages.js'
import type { Link } from '../../transport.js'
import { hasType } from '../messages/guards.js'
import type { ClaudeLine } from '../messages/lines.js'

export interface ReadOptions {
  readonly link: Pick<Link, 'read'>
  readonly limits: { readonly maxLineBytes?: number } | undefined
  /** Takes one line, with its share of the bytes that were read for its batch. */
  readonly onLine: (line: ClaudeLine, bytes: number) => void
  /** Called for output that is not a line of the protocol. The output is skipped, as in the agent SDK. */
  readonly onNoise: () => void
  /** Called before the lines of a batch. */
  readonly onBatch: () => void
  /** Called after the lines of a batch. The next read waits until it resolves. */
  readonly afterBatch: () => Promise<void>
}

export async function readLines({ link, limits, onLine, onNoise, onBatch, afterBatch }: ReadOptions): Promise<void> {
  let bytesRead = 0
  const source = {
    async read() {
      const chunk = await link.read()
      bytesRead += chunk?.byteLength ?? 0
      return chunk
    },
  }
  // A broken last line needs no report of its own, because the turn then fails for lack of a result.
  const decoder = ndjsonDecoder<unknown>({ ...limits, onInvalid: () => void onNoise() })
  for await (const batch of batches(source, decoder)) {
    onBatch()
    // A line may come in many chunks. The bytes of all chunks since the last batch count for the lines of this batch.
    const share = bytesRead / batch.length
    bytesRead = 0
    for (const line of batch) {
      if (hasType(line)) onLine(line, share)
      else onNoise()
    }
    await afterBatch()
  }
}
