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

/** The folder of the hub: its journal and its socket. SIGNALBOX_HUB_FOLDER wins over the folder of the configuration. */
export function hubFolderPath(env: Environment, configured?: string): string {
  return set(env.SIGNALBOX_HUB_FOLDER) ?? configured ?? join(homedir(), '.signalbox', 'hub')
}

/** The socket on which the hub of this machine listens. SIGNALBOX_HUB_SOCKET and SIGNALBOX_HUB_FOLDER win over the configuration. */
export function hubSocketPath(
  env: Environment,
  { folder, socket }: { readonly folder?: string | undefined; readonly socket?: string | undefined } = {},
): string {
  const configured = set(env.SIGNALBOX_HUB_FOLDER) === undefined ? socket : undefined
  return set(env.SIGNALBOX_HUB_SOCKET) ?? configured ?? join(hubFolderPath(env, folder), 'hub.sock')
}
