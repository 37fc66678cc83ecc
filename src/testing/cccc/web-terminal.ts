/** The simulated web port's WebSocket: a terminal of the simulated daemon, in the frames of its dialect. */
import { createDeadline } from '../../core/deadline.js'
import type { CcccWebSocket } from '../../cccc/web/terminal.js'
import { isRecord } from '../../core/is-record.js'
import type { Loose } from '../../cccc/shapes.js'
import type { Wire } from '../../cccc/wire.js'
import type { Link } from '../../transport.js'
import type { CcccSimulator } from './simulator.js'
import type { WebAccess } from './web-access.js'

export interface WebTerminalContext {
  readonly daemon: CcccSimulator
  readonly wire: Wire
  readonly access: WebAccess
  /** The sizes that clients requested. */
  readonly sizes: { readonly cols: number; readonly rows: number }[]
  readonly sockets: Set<{ drop(code: number): void }>
}

const encoder = /* @__PURE__ */ new TextEncoder()
const lettered = (letter: string, bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
  const frame = new Uint8Array(bytes.byteLength + 1)
  frame[0] = letter.charCodeAt(0)
  frame.set(bytes, 1)
  return frame
}

/** A WebSocket constructor that sends this cookie, as a browser does for a page of the origin. */
export function simulatedWebSocket(context: WebTerminalContext, cookie: string): new (url: string) => CcccWebSocket {
  return class implements CcccWebSocket {
    binaryType = 'blob'
    readyState = 0
    readonly #listeners = new Map<string, ((event: unknown) => void)[]>()
    #link: Link | undefined
    #work: Promise<void>

    constructor(url: string) {
      this.#work = this.#run(new URL(url))
    }

    addEventListener(type: string, listener: (event: unknown) => void): void {
      this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener])
    }

    send(data: string | Uint8Array<ArrayBuffer>): void {
      if (this.readyState !== 1) throw new Error('the socket is not open')
      const frame = typeof data === 'string' ? data : data.slice()
      this.#work = this.#work.then(() => this.#receive(frame))
    }

    close(): void {
      this.#end(1000)
    }

    #tell(type: string, event: unknown = {}): void {
      for (const listener of this.#listeners.get(type) ?? []) listener(event)
    }

    #end(code: number): void {
      if (this.readyState >= 2) return
      this.readyState = 2
      void (async () => {
        await this.#link?.close()
        this.readyState = 3
        this.#tell('close', { code, reason: '' })
      })()
    }

    #say(data: string | Uint8Array<ArrayBuffer>): void {
      if (this.readyState === 1) this.#tell('message', { data: typeof data === 'string' ? data : data.slice().buffer })
    }

    #refuse(error: unknown, code: number): void {
      this.#say(JSON.stringify({ ok: false, error }))
      this.#end(code)
    }

    async #run(url: URL): Promise<void> {
      // Not before the caller of the constructor could add its listeners.
      await Promise.resolve()
      const { daemon, wire, access, sockets } = context
      const [, group = '', actor = ''] = /^\/api\/v1\/groups\/([^/]+)\/actors\/([^/]+)\/term$/.exec(url.pathname) ?? []
      if (this.readyState !== 0) return
      this.readyState = 1
      this.#tell('open')
      const ids = { group_id: decodeURIComponent(group), actor_id: decodeURIComponent(actor) }
      const token = access.given({ cookie }, url)
      const refusal = access.refuses(token, { group: ids.group_id })
      if (refusal?.status === 401 && token !== undefined) {
        return this.#refuse({ code: 'auth_required', message: 'Invalid or missing authentication token' }, 4401)
      }
      if (refusal) {
        return this.#refuse(
          { code: 'permission_denied', message: 'group access required', details: { group_id: ids.group_id } },
          1008,
        )
      }
      const opened = await wire.request('term_attach', ids, { deadline: createDeadline(), takeOver: true }).catch(() => undefined)
      if (!opened?.link) return this.#refuse({ code: 'daemon_unavailable', message: 'ccccd unavailable' }, 1011)
      const { answer, link } = opened
      this.#link = link
      if (answer.ok !== true || this.readyState !== 1) {
        await link.close()
        if (answer.ok !== true) this.#refuse(answer.error, 1008)
        return
      }
      const me = { drop: (code: number) => this.#end(code) }
      sockets.add(me)
      if (daemon.dialect === 'C') this.#say(lettered('3', encoder.encode(JSON.stringify(answer.result))))
      void this.#pump(link).finally(() => sockets.delete(me))
    }

    async #pump(link: Link): Promise<void> {
      for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) {
        this.#say(context.daemon.dialect === 'C' ? lettered('1', chunk) : chunk.slice())
      }
      this.#end(1000)
    }

    async #receive(frame: string | Uint8Array): Promise<void> {
      const modern = context.daemon.dialect === 'C'
      // Frames of another dialect are ignored, as by real servers.
      if (modern === (typeof frame === 'string')) return
      if (typeof frame === 'string') {
        const message: Loose = JSON.parse(frame)
        if (message.t === 'i') await this.#link?.write(encoder.encode(String(message.d))).catch(() => {})
        if (message.t === 'r') context.sizes.push({ cols: Number(message.c), rows: Number(message.r) })
        return
      }
      const rest = frame.subarray(1)
      if (frame[0] === 0x30) {
        await this.#link?.write(rest.slice()).catch(() => {})
        this.#say(lettered('4', new Uint8Array(0)))
      } else if (frame[0] === 0x32) {
        const size: unknown = JSON.parse(new TextDecoder().decode(rest))
        if (isRecord(size)) context.sizes.push({ cols: Number(size.cols), rows: Number(size.rows) })
      }
    }
  }
}
