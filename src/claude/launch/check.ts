/** Refuses combinations of options that the CLI would refuse, before a process is started. */
import { SignalboxError } from '../../errors.js'
import { FLAGS, OTHER_FIELDS } from './flags.js'
import { checkNames } from './known-names.js'
import { PERMISSION_MODES, type ClaudeLaunch } from './launch.js'
import { isUuid } from './uuid.js'

const wrong = (message: string, hint: string): SignalboxError =>
  new SignalboxError({ code: 'invalid_argument', message, hint, system: 'claude', op: 'open' })

const fieldNames = (): readonly string[] => [...FLAGS.map(({ field }) => field), ...Object.keys(OTHER_FIELDS)]

export function checkLaunch(launch: ClaudeLaunch): void {
  checkNames(launch, fieldNames(), 'CLIAgentOptions', 'open')
  const { sessionId, resume, continueSession, forkSession, resumeSessionAt, resumeDropsTurn, settings, sandbox } = launch
  const { permissionMode, maxTurns, maxBudgetUsd, extraFlags } = launch
  const goesOn = resume !== undefined || continueSession === true
  if (sessionId !== undefined && !isUuid(sessionId)) {
    throw wrong(`sessionId is not a UUID: ${sessionId}.`, 'Leave it out, or use crypto.randomUUID().')
  }
  if (resume !== undefined && continueSession) {
    throw wrong('resume and continueSession exclude each other.', 'resume names a session, continueSession takes the latest one.')
  }
  if (sessionId !== undefined && goesOn && !forkSession) {
    throw wrong(
      'sessionId names a new session, but resume or continueSession asks for an old one.',
      'Add forkSession, or drop sessionId.',
    )
  }
  if (forkSession && !goesOn) throw wrong('forkSession needs a session to fork.', 'Give resume or continueSession.')
  if (resumeSessionAt !== undefined && resume === undefined)
    throw wrong('resumeSessionAt needs resume.', 'Name the session to resume.')
  if (resumeDropsTurn !== undefined && resumeSessionAt === undefined)
    throw wrong('resumeDropsTurn needs resumeSessionAt.', 'Name the last message to keep.')
  if (typeof settings === 'string' && sandbox !== undefined)
    throw wrong('sandbox cannot be added to settings that are the path of a file.', 'Give settings as an object.')
  if (permissionMode !== undefined && !PERMISSION_MODES.includes(permissionMode)) {
    throw wrong(`There is no permission mode "${String(permissionMode)}".`, `Choose one of ${PERMISSION_MODES.join(', ')}.`)
  }
  if (maxTurns !== undefined && !(Number.isInteger(maxTurns) && maxTurns > 0))
    throw wrong('maxTurns is a positive whole number.', '')
  if (maxBudgetUsd !== undefined && !(maxBudgetUsd > 0)) throw wrong('maxBudgetUsd is above 0.', '')
  for (const flag of Object.keys(extraFlags ?? {})) {
    if (!/^--?[A-Za-z][\w-]*$/.test(flag))
      throw wrong(`extraFlags names "${flag}", which is not a flag.`, 'Write it with its dashes.')
  }
}
