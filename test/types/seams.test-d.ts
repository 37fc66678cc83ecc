/** Checked by the compiler alone: a wrong pairing of protocol and transport does not compile. */
import { createCaller, type Call, type Next } from '../../src/core/call.js'
import {
  chain,
  retry,
  type ExchangeTransport,
  type Interceptor,
  type Link,
  type StreamTransport,
  type Transport,
} from '../../src/index.js'
import { memoryServer } from '../../src/testing/index.js'

interface Launch {
  readonly model: string
}
interface WiderLaunch extends Launch {
  readonly resume: string
}
declare const socket: StreamTransport
declare const child: StreamTransport<Launch>
declare const pickyChild: StreamTransport<WiderLaunch>
declare const http: ExchangeTransport
declare const link: Link

/** The transports that four protocols need: over bytes, over a child, over HTTP, and over bytes or HTTP. */
declare function overBytes(transport: StreamTransport): void
declare function overChild(transport: StreamTransport<Launch>): void
declare function overHttp(transport: ExchangeTransport): void
declare function overEither(transport: StreamTransport | ExchangeTransport): void
declare function overAny(transport: Transport): void

overBytes(socket)
overBytes(memoryServer().transport)
overChild(child)
overHttp(http)
overEither(socket)
overEither(http)
overAny(child)

// @ts-expect-error: an exchange has no full-duplex link
overBytes(http)
// @ts-expect-error: a link is not an exchange
overHttp(socket)
// @ts-expect-error: this transport must be told what to launch
overBytes(child)
// @ts-expect-error: a socket takes no launch
overChild(socket)
// @ts-expect-error: this transport needs fields that the protocol's launch does not have
overChild(pickyChild)
// @ts-expect-error: an open link is not a transport
overBytes(link)
// @ts-expect-error: the protocol takes neither kind with a launch
overEither(child)

void socket.open()
void socket.open(undefined, { signal: new AbortController().signal })
// @ts-expect-error: the launch is missing
void child.open()
// @ts-expect-error: the launch is typed
void child.open({ modle: 'x' })

/** `kind` distinguishes the two. */
export function byKind(transport: StreamTransport | ExchangeTransport): unknown {
  if (transport.kind === 'stream') return transport.open()
  return transport.exchange({ method: 'GET', path: '/' })
}

// A policy is an interceptor; a factory of one is not.
chain([retry()], async () => 1)
// @ts-expect-error: the factory was not called
chain([retry], async () => 1)
// @ts-expect-error: an interceptor returns a promise
const synchronous: Interceptor = () => 1
const answering: Interceptor = async () => 'from a cache'
void synchronous
void answering

declare const call: Call
declare const next: Next
// @ts-expect-error: a call is changed by making another one
call.op = 'other'
void next({ ...call, op: 'other' })

const caller = createCaller({ system: 's', transport: 't' })
const answered: Promise<number> = caller.run({ op: 'x' }, undefined, async () => 1)
// @ts-expect-error: the result is that of the attempt
const mistaken: Promise<string> = caller.run({ op: 'x' }, undefined, async () => 1)
void answered
void mistaken
