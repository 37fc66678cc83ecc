/** A recording of the Claude Code CLI in place of the CLI. */
import type { ClaudeLaunch } from '../../src/claude/index.js'
import { playRecording } from '../../src/testing/claude/replay.js'
import { memoryPair } from '../../src/testing/memory-link.js'
import type { CloseReason, StreamTransport } from '../../src/transport.js'
import { recording, type GenerationName } from './recordings.js'

/** A Claude Code CLI that plays one recording for each process. */
export function recordedClaude(version: GenerationName, name: string): StreamTransport<ClaudeLaunch> {
  return {
    kind: 'stream',
    name: 'recorded',
    async open() {
      const [near, far] = memoryPair()
      const killed = new AbortController()
      const playing = playRecording(recording(version, name), { link: far, killed: killed.signal })
      const closed = playing.then(async (exit): Promise<CloseReason> => {
        await far.end().catch(() => {})
        return { kind: 'exit', exitCode: exit.exitCode, signal: exit.signal, stderrTail: exit.stderr }
      })
      const close = (): Promise<CloseReason> => {
        killed.abort()
        return closed
      }
      return {
        info: near.info,
        read: () => near.read(),
        write: (chunk) => near.write(chunk),
        end: () => near.end(),
        close,
        closed,
        [Symbol.asyncDispose]: () => close().then(() => {}),
      }
    },
  }
}
