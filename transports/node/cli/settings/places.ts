/** Where the program keeps its files: XDG places on POSIX systems, the user's profile on Windows. */
import { homedir } from 'node:os'
import { join } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

const set = (value: string | undefined): string | undefined => (value === undefined || value === '' ? undefined : value)

/** The configuration file. SIGNALBOX_CONFIG names another one. */
export function configFile(env: Environment, platform: NodeJS.Platform = process.platform): string {
  const named = set(env.SIGNALBOX_CONFIG)
  if (named) return named
  if (platform === 'win32') return join(set(env.APPDATA) ?? join(homedir(), 'AppData', 'Roaming'), 'signalbox', 'config.json')
  return join(set(env.XDG_CONFIG_HOME) ?? join(homedir(), '.config'), 'signalbox', 'config.json')
}

/** The folder of the hub: its journal and its socket. SIGNALBOX_HUB_FOLDER names another one. */
export function hubFolderPath(env: Environment): string {
  return set(env.SIGNALBOX_HUB_FOLDER) ?? join(homedir(), '.signalbox', 'hub')
}

/** The socket on which the hub of this machine listens. SIGNALBOX_HUB_SOCKET names another one. */
export function hubSocketPath(env: Environment): string {
  return set(env.SIGNALBOX_HUB_SOCKET) ?? join(hubFolderPath(env), 'hub.sock')
}
