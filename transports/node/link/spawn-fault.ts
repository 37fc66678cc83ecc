/** Finds out why a child did not start, because the system reports ENOENT for three different causes. */
import { constants } from 'node:fs'
import { access, open, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { SignalboxError, type ErrorCode } from '../../../src/errors.js'
import { codeOf } from './faults.js'

export interface Attempt {
  readonly file: string
  readonly cwd: string | undefined
  /** The PATH that the child was given. */
  readonly path: string | undefined
}

/** `not_found`: the executable; `invalid_argument`: the folder; `incompatible`: its loader; `permission_denied`: not executable. */
export async function spawnFault(error: unknown, attempt: Attempt, transport: string): Promise<SignalboxError> {
  if (SignalboxError.is(error)) return error
  const name = codeOf(error)
  const fault = (code: ErrorCode, message: string, hint: string): SignalboxError =>
    new SignalboxError({
      code,
      message,
      hint,
      transport,
      op: 'open',
      sent: 'no',
      cause: error,
      ...(name === undefined ? {} : { remoteCode: name }),
    })
  const { file, cwd } = attempt
  if (cwd !== undefined) {
    const folder = await stat(cwd).catch((cause: unknown) => codeOf(cause) ?? 'ENOENT')
    if (folder === 'EACCES')
      return fault('permission_denied', `The working folder ${cwd} may not be entered.`, 'Check its owner and mode.')
    if (typeof folder === 'string')
      return fault('invalid_argument', `The working folder ${cwd} does not exist.`, 'Create it, or correct cwd.')
    if (!folder.isDirectory()) return fault('invalid_argument', `The working folder ${cwd} is not a folder.`, 'Correct cwd.')
  }
  if (name === 'E2BIG')
    return fault('too_large', `Arguments and environment of ${file} are too large.`, 'Pass the largest through stdin or a file.')
  if (name === 'EAGAIN' || name === 'ENOMEM' || name === 'EMFILE' || name === 'ENFILE') {
    return fault(
      'unavailable',
      `The system cannot start another process now (${name}).`,
      'Close what is idle, or raise the limits; a retry is reasonable.',
    )
  }
  const found = await locate(attempt)
  if (found === undefined) {
    const where = file.includes('/') ? 'does not exist' : 'was not found in PATH'
    return fault('not_found', `The executable ${file} ${where}.`, 'Install it, or pass the full path.')
  }
  if (!found.executable) return fault('permission_denied', `${found.path} is not executable.`, `Run chmod +x, or correct the path.`)
  if (name === 'EACCES' || name === 'EPERM')
    return fault('permission_denied', `The system refuses to run ${found.path}.`, 'Is its file system mounted noexec?')
  if (name === 'ENOENT' || name === 'ENOEXEC') {
    const loader = await loaderOf(found.path)
    const what = loader === undefined ? 'the loader or interpreter that it names' : loader
    return fault(
      'incompatible',
      `${found.path} cannot run: ${what} is missing here.`,
      'It was built for another system (glibc or musl?), or its first line names an interpreter that is not installed.',
    )
  }
  return fault('unavailable', `${found.path} did not start${name ? ` (${name})` : ''}.`, 'See cause.')
}

async function locate({ file, cwd, path }: Attempt): Promise<{ path: string; executable: boolean } | undefined> {
  const folders = file.includes('/') || isAbsolute(file) ? [''] : (path ?? '/usr/bin:/bin').split(delimiter)
  let unusable: { path: string; executable: boolean } | undefined
  for (const folder of folders) {
    // Joined by hand: `resolve` fails if the working directory was deleted.
    const named = isAbsolute(file) ? file : join(folder, file)
    const candidate = cwd === undefined || isAbsolute(named) ? named : join(cwd, named)
    const facts = await stat(candidate).catch(() => undefined)
    if (!facts) continue
    // access(X_OK) alone is not enough: for root it accepts a file with any x bit, and it always accepts a folder.
    const executable = facts.isFile() && (facts.mode & 0o111) !== 0 && (await access(candidate, constants.X_OK).then(yes, no))
    if (executable) return { path: candidate, executable }
    unusable ??= { path: candidate, executable }
  }
  return unusable
}

const yes = (): boolean => true
const no = (): boolean => false

/** The interpreter of a script's first line, or of an ELF program header. */
async function loaderOf(path: string): Promise<string | undefined> {
  const file = await open(path, 'r').catch(() => undefined)
  if (!file) return undefined
  try {
    const head = Buffer.alloc(4096)
    const { bytesRead } = await file.read(head, 0, head.length, 0)
    const text = head.subarray(0, bytesRead).toString('latin1')
    if (text.startsWith('#!')) return /^#![ \t]*([^\s]+)/.exec(text)?.[1]
    return text.startsWith('\x7fELF') ? /\/[\w./+-]*\/ld[\w./+-]*\.so[\w.]*/.exec(text)?.[0] : undefined
  } catch {
    return undefined
  } finally {
    await file.close()
  }
}
