/** Reads the configuration file. A missing file means no settings. */
import { readFile } from 'node:fs/promises'
import { SignalboxError } from '../../../../src/errors.js'
import { configFile } from './places.js'
import { Settings } from './schema.js'

export interface LoadedSettings {
  readonly path: string
  readonly settings: Settings
  /** False when there is no file. */
  readonly found: boolean
}

/** Reads and checks the file that the environment names, or the one at its usual place. */
export async function readSettings(env: Readonly<Record<string, string | undefined>>): Promise<LoadedSettings> {
  const path = configFile(env)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { path, settings: {}, found: false }
    throw new SignalboxError({ code: 'invalid_argument', message: `The configuration ${path} cannot be read.`, cause })
  }
  return { path, settings: parseSettings(text, path), found: true }
}

/** Checks the text of a configuration file. The error names the place and never quotes the file. */
export function parseSettings(text: string, path: string): Settings {
  const wrong = (why: string): SignalboxError =>
    new SignalboxError({
      code: 'invalid_argument',
      message: `The configuration ${path} is not valid: ${why}.`,
      hint: 'docs/command-line.md describes it; signalbox config check checks it.',
    })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw wrong('it is not JSON')
  }
  const checked = Settings.safeParse(value)
  if (checked.success) return checked.data
  const [issue] = checked.error.issues
  const keys = issue?.code === 'unrecognized_keys' ? `: ${issue.keys.join(', ')}` : ''
  throw wrong(`${issue?.path.map(String).join('.') || 'the top level'} (${issue?.code ?? 'invalid'}${keys})`)
}
