/** Shows every chunk on the links of a transport to an observer, which cannot change it. */
import type { CloseReason, Link, LinkInfo, StreamTransport } from '../../transport.js'
import { notifyObserver } from '../policy/policy.js'

/** What happens on a tapped link. */
export type TapEvent =
  | { readonly type: 'open'; readonly link: LinkInfo }
  /** `in` is from the peer, `out` is to the peer. The bytes are valid until the observer returns: copy them to keep them. */
  | { readonly type: 'in' | 'out'; readonly link: LinkInfo; readonly bytes: Uint8Array }
  /** One direction has ended. */
  | { readonly type: 'eof' | 'end'; readonly link: LinkInfo }
  | { readonly type: 'close'; readonly link: LinkInfo; readonly reason: CloseReason }

/** Receives what happens on a tapped link. */
export interface TapObserver {
  /** Called for each event. Exceptions are ignored. The bytes may hold secrets. */
  onEvent(event: TapEvent): void
}

/**
 * The same transport, with every byte of its links shown to an observer.
 *
 * @example
 * import { tap } from 'signalbox'
 * import { unixSocket } from 'signalbox/node'
 *
 * export const transport = tap(unixSocket({ path: '/run/ccc.sock' }), {
 *   onEvent: (event) => console.log(event.type, event.type === 'in' ? event.bytes.byteLength : ''),
 * })
 */
export function tap<Launch>(transport: StreamTransport<Launch>, observer: TapObserver): StreamTransport<Launch> {
  return {
    kind: 'stream',
    name: transport.name,
    open: async (launch, options) => tapLink(await transport.open(launch, options), observer),
  }
}

/** The same link, with every byte shown to an observer. */
export function tapLink(link: Link, observer: TapObserver): Link {
  const { info } = link
  const show = (event: TapEvent): void => notifyObserver((each) => observer.onEvent(each), event)
  let ended = false
  let eof = false
  show({ type: 'open', link: info })
  void link.closed.then((reason) => show({ type: 'close', link: info, reason }))
  return {
    info,
    async read() {
      const bytes = await link.read()
      if (bytes) show({ type: 'in', link: info, bytes })
      else if (!eof) {
        eof = true
        show({ type: 'eof', link: info })
      }
      return bytes
    },
    write(bytes) {
      show({ type: 'out', link: info, bytes })
      return link.write(bytes)
    },
    end() {
      if (!ended) show({ type: 'end', link: info })
      ended = true
      return link.end()
    },
    close: (options) => link.close(options),
    get closed() {
      return link.closed
    },
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  }
}
