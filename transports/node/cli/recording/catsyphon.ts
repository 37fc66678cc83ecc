/** Records the journal of the hub in a CatSyphon server, with the recorder of the hub. */
import { fromStored, register } from '../../../../src/catsyphon/index.js'
import { recordHub } from '../../../../src/hub/index.js'
import { catsyphonServer } from '../../catsyphon/server.js'
import type { Program } from '../program/command.js'
import { redactorFor } from './file.js'

const FLUSH_MS = 10_000

interface CatsyphonRecording {
  readonly url: string
  readonly workspace: string
  readonly agent: string | undefined
  readonly signal: AbortSignal
}

/** Records until the signal aborts. The exit code is 0 when the server has everything. */
export async function recordInCatsyphon({ url, workspace, agent, signal }: CatsyphonRecording, program: Program): Promise<number> {
  const { terminal, hub } = program
  const { hub: opened } = await hub({ running: true })
  const server = catsyphonServer({ serverUrl: url, workspaceId: workspace })
  await using store = server.store
  await using catsyphon = (await fromStored(server)) ?? (await register({ ...server, collectorType: 'signalbox' }))
  await using recorder = await recordHub(opened, {
    catsyphon,
    store,
    redactor: redactorFor(terminal.env),
    ...(agent === undefined ? {} : { agents: [agent] }),
    onProblem: ({ what, error }) => terminal.err(`${what}: ${error.message}\n`),
  })
  terminal.err('Recording. Ctrl-c ends it; the next recording continues where this one ended.\n')
  signal.addEventListener('abort', () => void recorder.close(), { once: true })
  if (signal.aborted) await recorder.close()
  await recorder.done
  const { pending } = await catsyphon.flush({ timeoutMs: FLUSH_MS })
  const left = pending > 0 ? ` ${pending} of them wait on this disk for the server.` : ''
  terminal.err(`${recorder.status().recorded} events were recorded.${left}\n`)
  return pending > 0 ? 1 : 0
}
