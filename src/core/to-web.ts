/**
 * A link as web streams, for code that requires them. A call over them costs half as much again. Written by hand, because the runtimes'
 * conversions lose the end of a stream, or unread bytes, when the other direction fails.
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
 * Turns a link into web streams, which then own it. Closing the writable half-closes the link. Cancelling the readable or aborting the
 * writable closes it, because a link cannot drop one direction alone.
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
    // The link has a buffer already; a second one would hide a slow reader.
    { highWaterMark: 0 },
  )
  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      // A writer that awaits no write must still learn that the link is gone.
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
