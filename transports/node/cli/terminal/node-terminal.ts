/** The terminal of this process. */
import { createInterface } from 'node:readline'
import { SignalboxError } from '../../../../src/errors.js'
import type { Terminal } from './terminal.js'

const MAX_INPUT_BYTES = 1024 * 1024

/** Whether colours may be written: NO_COLOR and FORCE_COLOR win, a dumb terminal has none. */
export function wantsColor(env: Terminal['env'], isTty: boolean): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '' && env.FORCE_COLOR !== '0') return true
  return isTty && env.TERM !== 'dumb'
}

export function nodeTerminal(): Terminal {
  const { stdin, stdout, stderr, env } = process
  const interactive = stdout.isTTY === true
  // A reader that goes away, such as `head`, ends the program without a message.
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0)
    })
  }
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    env,
    interactive,
    canAsk: stdin.isTTY === true && interactive,
    color: wantsColor(env, interactive),
    canRewrite: interactive && env.TERM !== 'dumb' && env.ACCESSIBLE !== '1',
    get columns() {
      return stdout.columns ?? 80
    },
    async readInput() {
      const chunks: Buffer[] = []
      let bytes = 0
      for await (const chunk of stdin) {
        chunks.push(chunk as Buffer)
        bytes += (chunk as Buffer).byteLength
        if (bytes > MAX_INPUT_BYTES) {
          const message = `The input is longer than ${MAX_INPUT_BYTES} bytes.`
          throw new SignalboxError({
            code: 'too_large',
            message,
            hint: 'Write the text to a file that the agent can read, and name the file.',
          })
        }
      }
      return Buffer.concat(chunks).toString('utf8')
    },
    async *lines(signal) {
      const reader = createInterface({ input: stdin, signal })
      try {
        yield* reader
      } finally {
        reader.close()
      }
    },
    prompt: (question, { hidden = false, signal }) => ask(question, hidden, signal),
    onInterrupt(run) {
      process.on('SIGINT', run)
      return () => void process.removeListener('SIGINT', run)
    },
  }
}

/** Reads one line. Hidden input is read in raw mode, so that nothing of it is echoed or kept by the terminal. */
function ask(question: string, hidden: boolean, signal: AbortSignal | undefined): Promise<string | undefined> {
  const { stdin, stderr } = process
  return new Promise((resolve, reject) => {
    let typed = ''
    const cleanUp = (): void => {
      stdin.removeListener('data', take)
      stdin.removeListener('end', end)
      signal?.removeEventListener('abort', abort)
      if (hidden && stdin.isTTY) stdin.setRawMode(false)
      stdin.pause()
      if (hidden) stderr.write('\n')
    }
    const finish = (value: string | undefined): void => {
      cleanUp()
      resolve(value)
    }
    const abort = (): void => {
      cleanUp()
      // The question has no line break of its own.
      if (!hidden) stderr.write('\n')
      reject(signal?.reason)
    }
    const end = (): void => finish(typed === '' ? undefined : typed)
    const take = (chunk: Buffer): void => {
      for (const character of chunk.toString('utf8')) {
        if (character === '\r' || character === '\n') return finish(typed)
        if (character === '\x03') {
          finish(undefined)
          process.emit('SIGINT')
          return
        }
        if (character === '\x04') return finish(typed === '' ? undefined : typed)
        if (character === '\x7f' || character === '\b') typed = [...typed].slice(0, -1).join('')
        else if (character >= ' ') typed += character
      }
    }
    if (signal?.aborted) return reject(signal.reason)
    stderr.write(question)
    if (hidden && stdin.isTTY) stdin.setRawMode(true)
    signal?.addEventListener('abort', abort, { once: true })
    stdin.on('data', take)
    stdin.once('end', end)
    stdin.resume()
  })
}
