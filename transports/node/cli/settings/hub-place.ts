/** Where the hub of this machine is: the environment wins over the configuration, which wins over the usual place. */
import { readFile } from 'node:fs/promises'
import { configFile, hubFolderPath, hubSocketPath } from './places.js'
import type { Settings } from './schema.js'

type Environment = Readonly<Record<string, string | undefined>>

/** The folder of the journal, and the socket. */
export interface HubPlace {
  readonly folder: string
  readonly socket: string
}

/** The place for settings that were read already. */
export function hubPlaceOf(env: Environment, { hub = {} }: Settings): HubPlace {
  const folder = hubFolderPath(env, hub.folder)
  return { folder, socket: hubSocketPath(env, hub) }
}

/** The place, with the settings of the configuration file. Rejects with `invalid_argument` when the file is not valid. */
export async function hubPlace(env: Environment): Promise<HubPlace> {
  // Most files say nothing about the hub, and the schema costs each command some milliseconds.
  const text = await readFile(configFile(env), 'utf8').catch(() => '')
  if (!text.includes('"hub"')) return hubPlaceOf(env, {})
  const { parseSettings } = await import('./read.js')
  return hubPlaceOf(env, parseSettings(text, configFile(env)))
}
