/** The stdin and stdout of this process as a link, for programs that run as a subprocess, such as simulators. */
import type { Link, LinkInfo } from '../../../src/transport.js'
import { StreamLink } from './stream-link.js'

/**
 * Opens the link. There is one per process. No other code may write to stdout meanwhile, because `console.log` would corrupt the protocol. After `end()` the
 * peer sees the end at once on Node where stdout is a socket, as it is for a child of ours, and elsewhere when the process exits.
 */
export function processStdio(options: { readonly name?: string } = {}): Link {
  const { name = 'stdio' } = options
  return new StdioLink({ id: `${name}-${process.pid}`, transport: name, peer: `parent[${process.ppid}]` })
}

class StdioLink extends StreamLink {
  constructor(info: LinkInfo) {
    super(info, process.stdin)
    process.stdin.on('error', this.onInputOver)
    process.stdin.on('close', this.onInputOver)
    process.stdout.on('error', this.onOutputError)
  }

  protected override send(chunk: Uint8Array): void {
    process.stdout.write(chunk, this.written)
  }

  protected override finishWriting(): void {
    process.stdout.end(() => this.writingOver())
  }

  protected override release(): void {
    this.releaseStreams({ kind: 'eof' })
  }

  protected override shut(): void {
    this.releaseStreams({ kind: 'local' })
  }

  private readonly onInputOver = (): void => this.readingEnded()

  // Reported to the writer already; without a listener it would end the process.
  private readonly onOutputError = (error: unknown): void => this.written(error)

  private releaseStreams(reason: { kind: 'eof' | 'local' }): void {
    const { stdin, stdout } = process
    stdin.removeListener('error', this.onInputOver)
    stdin.removeListener('close', this.onInputOver)
    stdin.on('error', () => {})
    stdin.destroy()
    // The error listener stays: a write that is under way may still fail.
    if (!stdout.writableEnded) stdout.end()
    this.finish(reason)
  }
}
