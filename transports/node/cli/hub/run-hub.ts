/** A hub that listens on this machine's socket until it is closed, with a file that tells which process it is. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SignalboxError } from '../../../../src/errors.js'
import { createHub, createSharedHub, type Hub, type HubOptions } from '../../../../src/hub/index.js'
import type { Store } from '../../../../src/store/index.js'
import { listenHub } from '../../hub/socket.js'
import type { OpenedSources } from './sources.js'

export interface RunHubOptions {
  readonly socket: string
  readonly opened: OpenedSources
  /** Left out, the journal is kept in memory. */
  readonly store?: Store & AsyncDisposable
  /** The name of this hub among those that share the store. Left out, the hub has its store alone. */
  readonly shareAs?: string
  readonly policy?: readonly { readonly name: string; readonly rules: readonly never[] }[]
  /** The most events of the journal. Default: that of `createHub`. */
  readonly keepEvents?: number | undefined
  readonly onProblem: (text: string, error: Error) => void
}

export interface RunningHub {
  readonly hub: Hub
  close(): Promise<void>
}

/** Starts the hub and its socket. Rejects with `conflict` when another hub listens there. */
export async function runHub({
  socket,
  opened,
  store,
  shareAs,
  policy,
  keepEvents,
  onProblem,
}: RunHubOptions): Promise<RunningHub> {
  await mkdir(dirname(socket), { recursive: true, mode: 0o700 })
  const options: Pick<HubOptions, 'policy' | 'limits' | 'onProblem'> = {
    ...(policy ? { policy } : {}),
    ...(keepEvents === undefined ? {} : { limits: { maxEvents: keepEvents } }),
    onProblem: ({ what, error }) => onProblem(`${what}: ${error.message}`, error),
  }
  const { sources, factories = sources } = opened
  let hub: Hub | undefined
  const closeAll = async (): Promise<void> => {
    await hub?.close()
    await opened.close()
    await store?.[Symbol.asyncDispose]()
  }
  try {
    hub =
      store && shareAs !== undefined
        ? await createSharedHub({ ...options, store, name: shareAs, sources: factories })
        : await createHub({ ...options, sources, ...(store ? { store, waitMs: 5_000 } : {}) })
    const listener = await listenHub(hub, { path: socket })
    const pidFile = pidFileOf(socket)
    await writeFile(pidFile, `${process.pid}\n`, { mode: 0o600 })
    return {
      hub,
      async close() {
        await rm(pidFile, { force: true })
        await listener[Symbol.asyncDispose]()
        await closeAll()
      },
    }
  } catch (error) {
    await closeAll()
    // A conflict before the hub was open is about its store.
    throw hub && SignalboxError.is(error, 'conflict') ? await alreadyRuns(socket, error) : error
  }
}

async function alreadyRuns(socket: string, cause: SignalboxError): Promise<SignalboxError> {
  const pid = await hubProcess(socket).catch(() => undefined)
  return new SignalboxError({
    code: 'conflict',
    system: 'hub',
    message: `A hub runs on this machine already${pid === undefined ? '' : ` (process ${pid})`}.`,
    hint: 'signalbox status describes it, and every command uses it. signalbox down stops it.',
    cause,
  })
}

export const pidFileOf = (socket: string): string => `${socket}.pid`

/** The process that runs the hub of this socket. Rejects with `not_found` when none does. */
export async function hubProcess(socket: string): Promise<number> {
  const pid = await readFile(pidFileOf(socket), 'utf8').then(Number, () => 0)
  try {
    // Signal 0 only asks whether the process exists.
    if (Number.isInteger(pid) && pid > 1 && process.kill(pid, 0)) return pid
  } catch {
    // The process is gone, and its file stayed.
  }
  throw new SignalboxError({
    code: 'not_found',
    system: 'hub',
    message: 'No hub runs on this machine.',
    hint: 'signalbox up starts it.',
  })
}
