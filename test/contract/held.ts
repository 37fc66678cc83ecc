/** The handles of this process by kind, if the runtime reports them: for counting before and after a case. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Kinds that a test runner can open for itself at any time; they do not belong to links. */
const NOT_OURS = new Set(['FSReqCallback', 'FSReqPromise', 'GetAddrInfoReqWrap', 'MessagePort', 'Immediate', 'TTYWrap', 'CloseReq'])

/** The kinds of the handles that keep the process alive, on Node and Deno. On Bun the function always returns an empty list. */
export function keepsAlive(): string[] {
  // Created at first use; a pipe of the process and not of a link.
  void [process.stdin, process.stdout, process.stderr]
  const info = (process as { getActiveResourcesInfo?: () => string[] }).getActiveResourcesInfo
  return (info?.call(process) ?? []).filter((kind) => !NOT_OURS.has(kind))
}

export function heldByProcess(): Record<string, number> {
  const held: Record<string, number> = {}
  for (const kind of keepsAlive()) held[kind] = (held[kind] ?? 0) + 1
  // If /proc exists, it lists sockets, children and zombies that the runtime does not list.
  // Deno sometimes opens a pair of sockets for itself and keeps it. So on Deno only the case with many links counts sockets.
  if (!('Deno' in globalThis)) held.sockets = descriptors()
  held.children = childrenOf(process.pid).length
  for (const event of ['exit', 'SIGTERM', 'SIGINT', 'uncaughtException', 'unhandledRejection']) {
    held[`listeners of ${event}`] = process.listenerCount(event)
  }
  return held
}

/** Sockets and pipes: a runtime opens files and event descriptors of its own whenever it likes. */
export function descriptors(): number {
  let names: string[]
  try {
    names = readdirSync('/proc/self/fd')
  } catch {
    return 0
  }
  return names.filter((name) => {
    try {
      return /^(?:socket|pipe):/.test(readlinkSync(`/proc/self/fd/${name}`))
    } catch {
      return false
    }
  }).length
}

export interface ProcessFacts {
  readonly pid: number
  readonly parent: number
  readonly group: number
  readonly state: string
  readonly name: string
}

/** Every process, zombies included; empty without /proc. */
export function processes(): ProcessFacts[] {
  const out: ProcessFacts[] = []
  let names: string[]
  try {
    names = readdirSync('/proc')
  } catch {
    return out
  }
  for (const name of names) {
    if (!/^\d+$/.test(name)) continue
    try {
      const text = readFileSync(`/proc/${name}/stat`, 'utf8')
      // The name is in brackets and can contain any character.
      const rest = text.slice(text.lastIndexOf(')') + 2).split(' ')
      out.push({
        pid: Number(name),
        state: rest[0] ?? '?',
        parent: Number(rest[1]),
        group: Number(rest[2]),
        name: text.slice(text.indexOf('(') + 1, text.lastIndexOf(')')),
      })
    } catch {
      // The process exited during the read.
    }
  }
  return out
}

export function childrenOf(pid: number): ProcessFacts[] {
  return processes().filter(({ parent }) => parent === pid)
}

/** The running processes of a group, without zombies, which `kill -0` would count. */
export function aliveInGroup(group: number): ProcessFacts[] {
  return processes().filter((facts) => facts.group === group && facts.state !== 'Z' && facts.state !== 'X')
}

/** Kills one process. A missing number must not become 0, which would kill the own group and so the whole test run. */
export function killHard(pid: number | undefined): void {
  if (pid === undefined || !(pid > 1)) throw new Error(`There is no process ${pid} to kill.`)
  process.kill(pid, 'SIGKILL')
}
