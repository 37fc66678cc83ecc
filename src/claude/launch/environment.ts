/** The changes to the environment of the child process for a launch. Pure. */
import { SignalboxError } from '../../errors.js'
import type { ClaudeLaunch } from './launch.js'

/** Names and values; undefined removes a name. */
export type LaunchEnvironment = Readonly<Record<string, string | undefined>>

/** Credentials in the order in which a headless CLI prefers them. */
const API_KEYS = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN'] as const
const LOGIN = 'CLAUDE_CODE_OAUTH_TOKEN'

/** Variables of a CLI session that this process runs in. With them a child would count itself as part of that session. */
const SESSION_OF_OURS = ['CLAUDECODE', 'CLAUDE_CODE_ENTRYPOINT', 'CLAUDE_CODE_SSE_PORT', 'CLAUDE_CODE_EXECPATH'] as const

/** The changes to the environment that a launch needs; undefined removes a name. */
export function launchEnv(launch: ClaudeLaunch, inherited: LaunchEnvironment = {}): Record<string, string | undefined> {
  const out: Record<string, string | undefined> = { NODE_OPTIONS: undefined }
  for (const name of SESSION_OF_OURS) out[name] = undefined
  for (const name of Object.keys(inherited)) if (name.startsWith('CLAUDE_CODE_SESSION_')) out[name] = undefined
  out.CLAUDE_CODE_ENTRYPOINT = 'sdk-ts'
  out.CLAUDE_AGENT_SDK_CLIENT_APP = 'signalbox'
  if (launch.maxTokens !== undefined) out.CLAUDE_CODE_MAX_OUTPUT_TOKENS = String(launch.maxTokens)
  if (launch.maxApiRetries !== undefined) out.CLAUDE_CODE_MAX_RETRIES = String(launch.maxApiRetries)
  if (launch.sessionStateEvents) {
    out.CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS = '1'
    out.CLAUDE_CODE_SDK_READS_SESSION_STATE = '1'
  }
  if (launch.fileCheckpointing) out.CLAUDE_CODE_ENABLE_SDK_FILE_CHECKPOINTING = 'true'
  if (launch.questionPreviewFormat !== undefined) out.CLAUDE_CODE_QUESTION_PREVIEW_FORMAT = launch.questionPreviewFormat
  Object.assign(out, launch.env)
  const has = (name: string): boolean => ((name in out ? out[name] : inherited[name]) ?? '') !== ''
  if (launch.auth === 'subscription') for (const name of API_KEYS) out[name] = undefined
  if (launch.auth === 'apiKey') {
    if (!API_KEYS.some(has)) {
      throw new SignalboxError({
        code: 'unauthenticated',
        message: "auth: 'apiKey' was asked for, but neither ANTHROPIC_API_KEY nor ANTHROPIC_AUTH_TOKEN is set.",
        hint: "Set one, or choose auth: 'subscription' to use the CLI's own login.",
        system: 'claude',
        op: 'open',
      })
    }
    out[LOGIN] = undefined
  }
  return out
}
