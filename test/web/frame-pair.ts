/** Two frame sockets joined in memory, with a record of all frames. */
import type { FrameReceiver, FrameSocket } from '../../src/core/link-protocol/frame-link.js'
import { acceptFrames, type AcceptFramesOptions } from '../../src/core/link-protocol/accept.js'
import { connectFrames } from '../../src/core/link-protocol/connect.js'

export interface Crossed {
  readonly from: 'client' | 'server'
  readonly frame: string | number
}

export interface FramePair {
  readonly client: ReturnType<typeof connectFrames>
  readonly server: ReturnType<typeof acceptFrames>
  readonly crossed: Crossed[]
  /** The code and reason of the side that closed first. */
  readonly closedWith: { by: string; code: number; reason: string } | undefined
  /** As if the other side had sent it. */
  inject(to: 'client' | 'server', frame: string | Uint8Array): void
  die(): void
}

export function framePair(
  options: Partial<AcceptFramesOptions> & {
    clientWindow?: number
    credential?: string
    launch?: unknown
    signal?: AbortSignal
  } = {},
): FramePair {
  const crossed: Crossed[] = []
  let closedWith: FramePair['closedWith']
  const receivers: Partial<Record<'client' | 'server', FrameReceiver>> = {}
  let gone = false
  const later = (work: () => void): void => queueMicrotask(() => queueMicrotask(work))
  const over = (code: number, reason: string): void => {
    if (gone) return
    gone = true
    later(() => {
      receivers.client?.socketClosed(code, reason)
      receivers.server?.socketClosed(code, reason)
    })
  }
  const half = (from: 'client' | 'server', to: 'client' | 'server'): FrameSocket => ({
    send(frame) {
      if (gone) return
      crossed.push({ from, frame: typeof frame === 'string' ? frame : frame.byteLength })
      const copy = typeof frame === 'string' ? frame : frame.slice()
      later(() => receivers[to]?.frame(copy))
    },
    close(code, reason) {
      closedWith ??= { by: from, code, reason }
      over(code, reason)
    },
  })
  const { clientWindow, credential, launch, signal, ...accept } = options
  const server = acceptFrames({ info: { id: 'server', transport: 'test' }, socket: half('server', 'client'), ...accept })
  receivers.server = server.receiver
  const client = connectFrames({
    info: { id: 'client', transport: 'test', peer: 'the server' },
    socket: half('client', 'server'),
    windowBytes: clientWindow,
    credential,
    launch,
    signal,
  })
  receivers.client = client.receiver
  client.begin()
  server.link.catch(() => {})
  client.link.catch(() => {})
  return {
    client,
    server,
    crossed,
    get closedWith() {
      return closedWith
    },
    inject: (to, frame) => receivers[to]?.frame(frame),
    die: () => over(1006, ''),
  }
}
