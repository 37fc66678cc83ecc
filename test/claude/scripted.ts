/** A peer that sends exactly the lines of a test, which the simulator would not send. */
import { encodeNdjson, ndjsonDecoder } from '../../src/core/codec/ndjson.js'
import { batches } from '../../src/core/messages.js'
import { memoryPair } from '../../src/testing/memory-link.js'
import type { Link } from '../../src/transport.js'

export type Line = Readonly<Record<string, unknown>>

/** A CLI that answers `initialize`, and every message with the lines of the script. */
export async function speak(
  link: Link,
  script: (message: Line) => readonly Line[],
  capabilities: readonly string[] = [],
): Promise<void> {
  for await (const batch of batches(link, ndjsonDecoder<Line>({}))) {
    for (const line of batch) {
      const { request_id } = line
      const done = { subtype: 'success', request_id, response: { capabilities } }
      if (line.type === 'control_request') await link.write(encodeNdjson({ type: 'control_response', response: done }))
      if (line.type === 'user') for (const one of script(line)) await link.write(encodeNdjson(one))
    }
  }
  await link.end()
}
export const scripted = (script: (message: Line) => readonly Line[]) => ({
  kind: 'stream' as const,
  name: 'scripted',
  async open() {
    const [near, far] = memoryPair({ name: 'scripted' })
    void speak(far, script).catch(() => {})
    return near
  },
})
