/** Turns a launch into a command line. Pure: the transport that starts the process writes the private files. */
import { SignalboxError } from '../../errors.js'
import { FLAGS, type FlagRule } from './flags.js'
import { checkLaunch } from './check.js'
import type { ClaudeLaunch } from './launch.js'
import { formatVersion, isAtLeast, MEASURED, type Version } from './version.js'

/** An argument whose content goes into a file that only this user can read: `flag=<path of the file>`. */
export interface PrivateArgument {
  /** The flag that takes a file. */
  readonly flag: string
  /** The content of the file. */
  readonly content: string
}

/** A command line, and the flags that the version lacks. */
export interface LaunchPlan {
  /** The arguments. The transport writes private ones into files. */
  readonly args: readonly (string | PrivateArgument)[]
  /** The flags that were left out because this CLI does not know them. */
  readonly omitted: readonly string[]
}

/** Longer texts go into a file. Linux allows 128 KiB for one argument, and other users can read arguments. */
const LONGEST_TEXT = 16 * 1024

const CONVERSATION = ['-p', '--output-format=stream-json', '--verbose', '--input-format=stream-json']

/**
 * The command line of a launch for a version of the CLI. Throws `invalid_argument` for options that exclude each other, and
 * `incompatible` for an option that guards something and that the version lacks.
 */
export function launchPlan(launch: ClaudeLaunch, version?: Version): LaunchPlan {
  if (launch.probe === 'version') return { args: ['--version'], omitted: [] }
  if (launch.probe === 'authStatus') return { args: ['auth', 'status', '--json'], omitted: [] }
  checkLaunch(launch)
  const args: (string | PrivateArgument)[] = [...CONVERSATION]
  const omitted: string[] = []
  const mode = permissionMode(launch, version)
  if (mode !== undefined) args.push(`--permission-mode=${mode}`)
  const fallback = fallbackModel(launch, version)
  if (fallback !== undefined) args.push(`--fallback-model=${fallback}`)
  if (launch.mcpServers !== undefined && Object.keys(launch.mcpServers).length > 0) {
    args.push({ flag: '--mcp-config', content: JSON.stringify({ mcpServers: launch.mcpServers }) })
  }
  const settings = settingsOf(launch)
  if (settings !== undefined) args.push(settings)
  for (const rule of FLAGS) {
    const value = launch[rule.field]
    if (value === undefined || value === false) continue
    if (isAtLeast(version, rule.since)) args.push(...written(rule, value))
    else if (rule.otherwise === 'omit') omitted.push(rule.flag)
    else throw tooOld(rule.flag, rule.since, version)
  }
  for (const [flag, value] of Object.entries(launch.extraFlags ?? {})) args.push(value === true ? flag : `${flag}=${value}`)
  return { args, omitted }
}

function written(rule: FlagRule, value: unknown): (string | PrivateArgument)[] {
  const { flag, form, fileFlag } = rule
  switch (form) {
    case 'switch':
      return [flag]
    case 'optional':
      return [value === true ? flag : `${flag}=${String(value)}`]
    case 'joined':
      return [`${flag}=${(value as readonly string[]).join(',')}`]
    case 'repeated':
      return (value as readonly string[]).map((item) => `${flag}=${item}`)
    case 'json':
      return [`${flag}=${asJson(value)}`]
    case 'text': {
      const text = String(value)
      return [fileFlag !== undefined && text.length > LONGEST_TEXT ? { flag: fileFlag, content: text } : `${flag}=${text}`]
    }
    default:
      return [`${flag}=${String(value)}`]
  }
}

/** A path, or a private file with the settings and the sandbox. */
function settingsOf({ settings, sandbox }: ClaudeLaunch): string | PrivateArgument | undefined {
  const flag = '--settings'
  if (typeof settings === 'string') return `${flag}=${settings}`
  if (settings === undefined && sandbox === undefined) return undefined
  return { flag, content: JSON.stringify(sandbox === undefined ? settings : { ...settings, sandbox }) }
}

const asJson = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** Checks the permission mode. The modes differ by version, and a CLI exits at a mode that it does not know. */
function permissionMode({ permissionMode: mode }: ClaudeLaunch, version: Version | undefined): string | undefined {
  if (mode === 'manual') return isAtLeast(version, MEASURED.c) ? 'manual' : 'default'
  if (mode === 'auto' && !isAtLeast(version, MEASURED.b)) throw tooOld('--permission-mode=auto', MEASURED.b, version)
  if (mode === 'delegate' && isAtLeast(version, MEASURED.b)) {
    throw new SignalboxError({
      code: 'incompatible',
      message: `Claude Code ${formatVersion(version)} has no permission mode "delegate".`,
      hint: 'Choose default, acceptEdits, plan, dontAsk, auto or bypassPermissions.',
      system: 'claude',
      op: 'open',
    })
  }
  return mode
}

function fallbackModel({ fallbackModel: models, model }: ClaudeLaunch, version: Version | undefined): string | undefined {
  if (models === undefined) return undefined
  const list = (typeof models === 'string' ? [models] : models).filter((name) => name !== model)
  return list.length === 0 ? undefined : isAtLeast(version, MEASURED.b) ? list.join(',') : list[0]
}

function tooOld(flag: string, since: Version | undefined, version: Version | undefined): SignalboxError {
  return new SignalboxError({
    code: 'incompatible',
    message: `Claude Code ${formatVersion(version)} does not know ${flag}.`,
    hint: `It was measured to work from ${formatVersion(since)} on: update the CLI, or leave the option out.`,
    system: 'claude',
    op: 'open',
  })
}
