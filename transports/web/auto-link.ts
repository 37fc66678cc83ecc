/** Chooses between two ways for a link when its first line is known: a POST for one request, a link of its own where both sides will speak. */
import { createAccumulator } from '../../src/core/codec/bytes.js'
import { deferred } from '../../src/core/deferred.js'
import { SignalboxError } from '../../src/errors.js'
import type { CloseOptions, CloseReason, Link, LinkInfo, StreamTransport } from '../../src/transport.js'

export interface AutoLinkOptions {
  readonly name: string
  /** For one request. */
  readonly call: StreamTransport
  /** For a conversation. */
  readonly link: StreamTransport
  /** Is the first line the begin of a conversation? */
  readonly needsLink: (line: Uint8Array) => boolean
}

const NEWLINE = 0x0a
const MAX_FIRST_LINE_BYTES = 32 * 1024 * 1024

export function autoLink({ name, call, link, needsLink }: AutoLinkOptions): StreamTransport {
  let count = 0
  return {
    kind: 'stream',
    name,
    async open(_launch, options) {
      count += 1
      const info = { id: `${name}-${count}`, transport: name }
      // A POST opens nothing before its line is written, so that its open is the check of what was given.
      const first = await call.open(undefined, options)
      return chosenLater({ ...first.info, ...info }, first, () => link.open(undefined, options), needsLink)
    },
  }
}

function chosenLater(info: LinkInfo, call: Link, openLink: () => Promise<Link>, needsLink: (line: Uint8Array) => boolean): Link {
  const line = createAccumulator()
  const chosen = deferred<Link>()
  chosen.promise.catch(() => {})
  const closed = deferred<CloseReason>()
  let choosing = false
  let closing: Promise<CloseReason> | undefined

  const choose = (make: () => Promise<Link>): void => {
    choosing = true
    make().then(
      (made) => {
        chosen.resolve(made)
        void made.closed.then(closed.resolve)
        if (closing) void made.close()
      },
      (error: unknown) => {
        chosen.reject(error)
        closed.resolve({ kind: 'error', error })
      },
    )
  }
  const begin = (): Promise<void> => {
    const bytes = line.take()
    choose(needsLink(bytes) ? () => call.close().then(openLink) : async () => call)
    return chosen.promise.then((made) => made.write(bytes))
  }
  const write = (chunk: Uint8Array): Promise<void> => {
    if (closing) {
      return Promise.reject(
        new SignalboxError({ code: 'closed', message: 'Cannot write: the link was closed.', transport: info.transport }),
      )
    }
    if (choosing) return chosen.promise.then((made) => made.write(chunk))
    line.append(chunk, MAX_FIRST_LINE_BYTES)
    return chunk.includes(NEWLINE) ? begin() : Promise.resolve()
  }
  const close = (options?: CloseOptions): Promise<CloseReason> => {
    if (closing) return closing
    closing = closed.promise
    // Nothing was said yet, or what was chosen is closed as soon as it stands.
    if (!choosing) choose(async () => call)
    void chosen.promise.then((made) => made.close(options)).catch(() => {})
    return closing
  }

  return {
    info,
    read: () =>
      chosen.promise.then(
        (made) => (closing ? null : made.read()),
        (error: unknown) => {
          if (closing) return null
          throw error
        },
      ),
    write(chunk) {
      const writing = write(chunk)
      // A caller may ignore it.
      writing.catch(() => {})
      return writing
    },
    async end() {
      if (closing) return
      if (!choosing) await begin()
      await (await chosen.promise).end()
    },
    close,
    closed: closed.promise,
    [Symbol.asyncDispose]: () => close().then(() => {}),
  }
}
