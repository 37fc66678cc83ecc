/**
 * A link as WHATWG streams, for whoever wants them. They are not the seam: they cost half a call more. Written by hand because the
 * runtimes' own bridges lose the end of a stream, or bytes that were not read yet, when the other half fails.
 */
import { SignalboxError } from '../errors.js'
import type { Link } from '../transport.js'

/** A link as a pair of web streams. */
export interface WebLink {
  /** The bytes from the peer. Cancelling it closes the link. */
  readonly readable: ReadableStream<Uint8Array>
  /** The bytes to the peer. Closing it half-closes the link; aborting it closes the link. */
  readonly writable: WritableStream<Uint8Array>
}

/**
 * The link then belongs to the streams. Closing the writable half-closes the link; cancelling the readable or aborting the writable
 * closes it, for a link cannot give up one half alone.
 */
export function toWeb(link: Link): WebLink {
  const close = async (reason: unknown): Promise<void> => {
    await link.close(typeof reason === 'string' ? { reason } : {})
  }
  const readable = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = await link.read()
        if (chunk === null) controller.close()
        else controller.enqueue(chunk)
      },
      cancel: close,
    },
    // The link keeps bytes already, up to its mark; a second buffer would only hide how slow the reader is.
    { highWaterMark: 0 },
  )
  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      // A writer that waits for nothing still has to learn that the link is gone.
      void link.closed.then(({ kind }) =>
        controller.error(
          new SignalboxError({
            code: 'closed',
            message: `The link to ${link.info.peer ?? link.info.id} is over (${kind}).`,
            transport: link.info.transport,
            sent: 'no',
          }),
        ),
      )
    },
    write: (chunk) => link.write(chunk),
    close: () => link.end(),
    abort: close,
  })
  return { readable, writable }
}
