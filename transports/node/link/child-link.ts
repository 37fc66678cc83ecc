/** A link over a child's stdio, with the closing steps that leave no process behind. */
import type { ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { SignalboxError, type Sent } from '../../../src/errors.js'
import type { CloseReason, LinkInfo } from '../../../src/transport.js'
import { signalTree } from './kill.js'
import { StreamLink } from './stream-link.js'
import type { StderrTail } from './stderr-tail.js'

export interface ChildParts {
  readonly child: ChildProcess
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  readonly tail: StderrTail
  /** Called when the leader has exited and its group was killed. */
  readonly onGone: () => void
}

/** How long after its exit a child's pipes may stay open, for the bytes in them or because a process out of reach holds them. */
const DRAIN_MS = 500
/** A dead child's pipe holds less than this. More comes from a process outside the group and is not read. */
const DRAIN_BYTES = 4 * 1024 * 1024

export class ChildLink extends StreamLink {
  private readonly parts: ChildParts
  private exit: { readonly exitCode: number | null; readonly signal: string | null } | undefined
  private drained = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private cutting = false

  constructor(info: LinkInfo, parts: ChildParts) {
    super(info, parts.stdout)
    this.parts = parts
    const { child, stdin, stdout, stderr, tail } = parts
    // A failed write is reported to its writer; the event adds nothing.
    stdin.on('error', () => {})
    stdout.on('error', () => this.readingEnded())
    stdout.on('close', () => this.readingEnded())
    stderr.on('error', () => {})
    stderr.on('data', (chunk: Uint8Array) => tail.push(chunk))
    child.on('exit', (code, signal) => this.exited(code, signal))
    child.on('close', () => this.pipesClosed())
    // It may have exited before the listener was added.
    if (child.exitCode !== null || child.signalCode !== null) this.exited(child.exitCode, child.signalCode)
  }

  override received(chunk: Uint8Array): void {
    super.received(chunk)
    if (!this.exit) return
    this.drained += chunk.byteLength
    if (this.drained > DRAIN_BYTES) this.cut()
  }

  protected override pause(): void {
    // A dead child's pipe is not paused: it holds little, and there is no writer to slow down.
    if (!this.exit) super.pause()
  }

  protected override send(chunk: Uint8Array): void {
    this.parts.stdin.write(chunk, this.written)
  }

  protected override finishWriting(): void {
    this.parts.stdin.end(() => this.writingOver())
  }

  /** The end of a child is its exit, because it may continue to run with both pipes closed. */
  protected override release(): void {
    if (this.exit) this.cut()
  }

  protected override shut(graceMs: number): void {
    const { stdin, stdout, child } = this.parts
    stdin.destroy()
    stdout.resume()
    if (this.exit) return
    // Each step waits `graceMs`. The exit of the child ends the steps at any time.
    const step = (next: () => void): void => {
      this.timer = setTimeout(next, graceMs)
    }
    step(() => {
      signalTree(child, 'SIGTERM')
      step(() => {
        signalTree(child, 'SIGKILL')
        step(() => {
          this.cut()
          child.unref()
          this.parts.onGone()
          this.finish({ kind: 'local', abandoned: true })
        })
      })
    })
  }

  protected override refusal(sent: Sent): SignalboxError {
    if (!this.exit) return super.refusal(sent)
    const { exitCode, signal } = this.exit
    return new SignalboxError({
      code: 'exited',
      message: `Cannot write to ${this.info.peer ?? this.info.id}: the process ${exitText(exitCode, signal)}.`,
      transport: this.info.transport,
      sent,
      exitCode,
      signal,
      stderrTail: this.parts.tail.text(),
    })
  }

  private exited(exitCode: number | null, signal: string | null): void {
    if (this.exit) return
    this.exit = { exitCode, signal }
    clearTimeout(this.timer)
    // The leader is gone. The rest of its group is killed, because it would keep the pipes open.
    signalTree(this.parts.child, 'SIGKILL')
    this.failWrites()
    this.parts.stdin.destroy()
    this.parts.stdout.resume()
    // The pipes are read once more after the time limit: if this process was busy, they were not read yet.
    this.timer = setTimeout(() => setImmediate(() => this.cut()), DRAIN_MS)
  }

  /** Closes the pipes, even if another process holds their other ends. */
  private cut(): void {
    if (this.cutting) return
    this.cutting = true
    clearTimeout(this.timer)
    const { stdin, stdout, stderr } = this.parts
    stdin.destroy()
    stdout.destroy()
    stderr.destroy()
    this.readingEnded()
    if (this.exit) this.over()
  }

  private pipesClosed(): void {
    clearTimeout(this.timer)
    this.readingEnded()
    if (this.exit) this.over()
  }

  private over(): void {
    const { onGone, tail } = this.parts
    const { exitCode = null, signal = null } = this.exit ?? {}
    onGone()
    this.finish({ kind: 'exit', exitCode, signal, stderrTail: tail.text() } satisfies CloseReason)
  }
}

function exitText(exitCode: number | null, signal: string | null): string {
  return signal === null ? `has exited with code ${exitCode}` : `was ended by ${signal}`
}
