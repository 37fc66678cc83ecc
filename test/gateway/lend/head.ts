/** A line of JSON, and the bytes that follow it on the same link. */
import type { Link } from '../../../src/index.js'

const NEWLINE = 0x0a

export async function readHead(link: Link): Promise<{ readonly head: unknown; readonly rest: ReadableStream<Uint8Array> }> {
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    const chunk = await link.read()
    if (chunk === null) throw new Error('the link ended before its first line did')
    const end = chunk.indexOf(NEWLINE)
    text += decoder.decode(end === -1 ? chunk : chunk.subarray(0, end), { stream: true })
    if (end === -1) continue
    const left = chunk.subarray(end + 1)
    return { head: JSON.parse(text), rest: bytesOf(link, left) }
  }
}

function bytesOf(link: Link, first: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (first.byteLength > 0) controller.enqueue(first)
      },
      async pull(controller) {
        try {
          const chunk = await link.read()
          if (chunk === null) controller.close()
          else controller.enqueue(chunk)
        } catch (error) {
          controller.error(error)
        }
      },
      cancel: () => void link.close(),
    },
    { highWaterMark: 0 },
  )
}
