/** Where the hub of this machine keeps its state, and the socket by which other programs of this user reach it. */
import { lstat, mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { SignalboxError } from '../../../src/errors.js'
import type { Store } from '../../../src/store/store.js'
import { fileStore, type FileStoreOptions } from '../store/file.js'

/** Options of `hubFolder`. */
export interface HubFolderOptions extends Omit<FileStoreOptions, 'directory'> {
  /** Default `~/.signalbox/hub`. Made with mode 0700 if it is not there. */
  readonly directory?: string
}

/** A folder of a hub. */
export interface HubFolder {
  /** The folder, which is there now. */
  readonly directory: string
  /** For `createHub({ store })`. One hub at a time: another one is refused until this process ends or closes it. */
  readonly store: Store
  /** The path of the hub's socket, for `listenHub` and `hubSocket`. */
  readonly socket: string
}

const FACTS = { system: 'hub', sent: 'no' } as const

/** The folder of a hub if none is named. */
export const hubDirectory = (): string => join(homedir(), '.signalbox', 'hub')

/**
 * Opens the folder of a hub. Fails with `permission_denied` when the folder belongs to another user or others may write to it.
 * A process that is stopped and not ended keeps the folder: the next hub waits for as long as it lives.
 *
 * @example
 * import { createHub, type Source } from 'signalbox/hub'
 * import { hubFolder } from 'signalbox/node'
 *
 * declare const sources: Source[]
 * const { store } = await hubFolder()
 * await using hub = await createHub({ store, sources })
 * console.log((await hub.agents()).length)
 */
export async function hubFolder(options: HubFolderOptions = {}): Promise<HubFolder> {
  const { directory = hubDirectory(), ...rest } = options
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await checkFolder(directory)
  return { directory, store: fileStore({ directory: join(directory, 'store'), ...rest }), socket: join(directory, 'hub.sock') }
}

/** What lies in the folder is as private as the conversations themselves. */
export async function checkFolder(directory: string): Promise<void> {
  const found = await lstat(directory).catch((cause: unknown) => {
    throw new SignalboxError({ ...FACTS, code: 'unreachable', message: `There is no hub folder at ${directory}.`, cause })
  })
  const me = process.geteuid?.()
  if (!found.isDirectory()) {
    throw new SignalboxError({
      ...FACTS,
      code: 'permission_denied',
      message: `${directory} is no folder.`,
      hint: 'Name the folder itself.',
    })
  }
  if (me === undefined) return
  if ((me !== 0 && found.uid !== me) || (found.mode & 0o022) !== 0) {
    throw new SignalboxError({
      ...FACTS,
      code: 'permission_denied',
      message: `Other users own ${directory} or may write to it.`,
      hint: 'Give the folder to this user, with mode 700.',
    })
  }
}
