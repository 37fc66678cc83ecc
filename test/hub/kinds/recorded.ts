/** Transports that answer as recorded servers did, so that the sources of the hub can read the recordings. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { memoryServer } from '../../../src/testing/memory-server.js'
import type { Link } from '../../../src/transport.js'

const root = fileURLToPath(new URL('../../fixtures/', import.meta.url))
const linesOf = <Line>(path: string): Line[] =>
  readFileSync(`${root}${path}`, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Line)

const encoder = new TextEncoder()

async function firstLine(link: Link): Promise<Record<string, unknown> | undefined> {
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    const chunk = await link.read()
    if (chunk === null) return undefined
    text += decoder.decode(chunk, { stream: true })
    const end = text.indexOf('\n')
    if (end >= 0) return JSON.parse(text.slice(0, end)) as Record<string, unknown>
  }
}

/** A server that gives the lines of `answer` to the first request of each link. Undefined closes the link. */
function answering(answer: (request: Record<string, unknown>) => { lines: readonly string[]; open?: boolean } | undefined) {
  const server = memoryServer()
  void (async () => {
    for await (const link of server.accept()) {
      void (async () => {
        const request = await firstLine(link)
        const found = request && answer(request)
        for (const line of found?.lines ?? []) await link.write(encoder.encode(`${line}\n`))
        if (!found?.open) await link.end()
      })().catch(() => {})
    }
  })()
  return server
}

/** The CCC server of the recordings. `names` says which recording answers a command, or a command of a session. */
export function recordedCcc(names: Readonly<Record<string, string | readonly string[]>>) {
  const uses = new Map<string, number>()
  return answering(({ cmd, session }) => {
    const key = [`${String(cmd)} ${String(session)}`, String(cmd)].find((one) => Object.hasOwn(names, one))
    if (key === undefined) return { lines: ['{"ok":false,"error":"not recorded"}'] }
    const list = [names[key] ?? []].flat()
    const count = uses.get(key) ?? 0
    uses.set(key, count + 1)
    const name = list[Math.min(count, list.length - 1)] ?? ''
    const lines = linesOf<{ dir: string; raw: string }>(`ccc/${name}.ndjson`)
    return { lines: lines.filter(({ dir }) => dir === 's2c').map(({ raw }) => raw.trimEnd()) }
  })
}

interface DaemonLine {
  readonly kind: string
  readonly section?: string
  readonly request?: { readonly op: string; readonly args: Readonly<Record<string, unknown>> }
  readonly response?: { readonly ok: boolean }
  readonly handshake?: unknown
  readonly items?: readonly { readonly item: unknown }[]
}

/** A CCCC daemon that answers each op with the last good answer of the recording. Its streams give every recorded item of the group. */
export function recordedCccc(file: string, groupId: string) {
  const lines = linesOf<DaemonLine>(`cccc/${file}.ndjson`)
  const ofGroup = ({ request }: DaemonLine): boolean => request?.args.group_id === undefined || request.args.group_id === groupId
  const calls = lines.filter((line) => line.kind === 'call' && line.response?.ok && ofGroup(line))
  const streams = lines.filter((line) => line.kind === 'stream' && ofGroup(line) && (line.items?.length ?? 0) > 0)
  return answering(({ op }) => {
    if (op === 'events_stream') {
      const items = streams.flatMap(({ items = [] }) => items.map(({ item }) => JSON.stringify(item)))
      return { lines: [JSON.stringify(streams[0]?.handshake), ...items], open: true }
    }
    // Lists were recorded while they were empty too.
    const size = (line: DaemonLine): number => JSON.stringify(line.response).length
    const found = calls.filter(({ request }) => request?.op === op).sort((one, other) => size(other) - size(one))[0]
    if (found) return { lines: [JSON.stringify(found.response)] }
    return { lines: ['{"v":1,"ok":false,"result":{},"error":{"code":"not_recorded","message":"not recorded","details":{}}}'] }
  })
}
