/** Arguments whose content must not be seen by other users, or is too long for a command line: files of our own, for one process. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PrivateArgument } from '../../../src/claude/launch/argv.js'
import { SignalboxError } from '../../../src/errors.js'

export interface PrivateFiles {
  readonly args: readonly string[]
  remove(): Promise<void>
}

export async function privateFiles(args: readonly (string | PrivateArgument)[], place: string = tmpdir()): Promise<PrivateFiles> {
  if (args.every((argument) => typeof argument === 'string')) return { args: args as readonly string[], remove: async () => {} }
  let folder = ''
  const remove = async (): Promise<void> => {
    if (folder !== '') await rm(folder, { recursive: true, force: true }).catch(() => {})
  }
  try {
    // Made with mode 0700; the files in it with 0600.
    folder = await mkdtemp(join(place, 'signalbox-claude-'))
    const out: string[] = []
    for (const argument of args) {
      if (typeof argument === 'string') out.push(argument)
      else {
        const path = join(folder, `${out.length}${argument.flag.endsWith('-file') ? '.txt' : '.json'}`)
        await writeFile(path, argument.content, { mode: 0o600, flag: 'wx' })
        out.push(`${argument.flag}=${path}`)
      }
    }
    return { args: out, remove }
  } catch (cause) {
    await remove()
    const message = `Private files could not be written in ${place}.`
    const facts = { system: 'claude', op: 'open', sent: 'no', hint: 'Check tempDir.', cause } as const
    throw new SignalboxError({ code: 'invalid_argument', message, ...facts })
  }
}
