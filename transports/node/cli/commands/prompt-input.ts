/** The text of a prompt: an argument, a file (`@file`) or stdin (`-`, or no argument where stdin is a pipe). */
import { readFile } from 'node:fs/promises'
import { SignalboxError } from '../../../../src/errors.js'
import type { Terminal } from '../terminal/terminal.js'

export async function readPrompt(argument: string | undefined, terminal: Terminal): Promise<string> {
  const text = await textOf(argument, terminal)
  if (text.trim() !== '') return text
  throw new SignalboxError({
    code: 'invalid_argument',
    message: 'The prompt is empty.',
    hint: 'Give it as an argument in quotes, as @file, or on stdin.',
  })
}

async function textOf(argument: string | undefined, terminal: Terminal): Promise<string> {
  if (argument === '-' || (argument === undefined && !terminal.canAsk)) return terminal.readInput()
  if (argument === undefined) return ''
  if (!argument.startsWith('@')) return argument
  try {
    return await readFile(argument.slice(1), 'utf8')
  } catch (cause) {
    const message = `The file ${argument.slice(1)} cannot be read.`
    throw new SignalboxError({ code: 'invalid_argument', message, hint: 'A text that starts with @ can be given on stdin.', cause })
  }
}
