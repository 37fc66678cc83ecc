import { sleep, systemClock } from '../../../../src/core/clock.js'
import { SignalboxError } from '../../../../src/errors.js'
import type { HubEvent } from '../../../../src/hub/index.js'
import { command, JSON_ARG, type Program } from '../program/command.js'
import { hubPlace } from '../settings/hub-place.js'
import { createEventPrinter } from '../view/event-printer.js'
import { stopRequested } from './stop-requested.js'

/** A night without events is not waited for. */
const MAX_PAUSE_MS = 5_000

export default command({
  examples: [
    ['signalbox replay work.jsonl', 'print a recording'],
    ['signalbox replay work.jsonl --speed 4', 'as it happened, four times faster'],
    ['signalbox replay work.jsonl --serve', 'run a hub whose agents answer as they did in the recording'],
    [
      'signalbox replay wire.jsonl --listen /tmp/ccc.sock',
      'be the system of a wire recording: a client must say the same lines again',
    ],
  ],
  args: {
    file: { type: 'positional', required: true, description: 'a file that `signalbox record` made' },
    speed: {
      type: 'string',
      description: 'with the pauses of the recording, so many times faster; default: without pauses',
      valueHint: 'number',
    },
    serve: { type: 'boolean', description: 'run a hub with simulated agents that answer from the recording' },
    listen: {
      type: 'string',
      description: 'of a wire recording: the socket or the port where the client connects',
      valueHint: 'address',
    },
    ...JSON_ARG,
  },
  async run({ file, speed, serve, listen, json }, program) {
    const { terminal, signal } = program
    const { readRecording } = await import('../recording/file.js')
    const recording = await readRecording(file)
    const factor = speedOf(speed)
    if (recording.recording === 'wire') {
      if (listen === undefined || serve) throw usage('This is the recording of a wire: replay it with --listen, against a client.')
      const { listenAt, replayWire } = await import('../recording/wire.js')
      let faults = 0
      const listener = await listenAt(listen)
      terminal.err(`Connect the client of ${recording.system} to ${listener.address}. Ctrl-c ends it.\n`)
      const onProblem = (text: string): void => {
        faults += 1
        terminal.err(`${text}\n`)
      }
      await replayWire(listener, recording.lines, { env: terminal.env, signal, onProblem })
      return faults > 0 ? 1 : 0
    }
    if (listen !== undefined) throw usage('This is the recording of a journal: replay it in the terminal, or with --serve.')
    if (serve) return serveRecording(recording.events, factor ?? Number.POSITIVE_INFINITY, json === true, program)
    const print = createEventPrinter(terminal, json === true)
    let before: number | undefined
    for (const event of recording.events) {
      const at = Date.parse(event.at)
      const pause = factor === undefined || before === undefined ? 0 : Math.min(at - before, MAX_PAUSE_MS) / factor
      before = at
      if (pause > 1) await sleep(systemClock, pause, signal).catch(() => {})
      // A person leaves with ctrl-c.
      if (signal.aborted) return 0
      print(event)
    }
    return 0
  },
})

const usage = (message: string): SignalboxError =>
  new SignalboxError({ code: 'invalid_argument', message, hint: 'signalbox replay --help shows examples.' })

function speedOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const speed = Number(text)
  if (speed > 0 && Number.isFinite(speed)) return speed
  throw usage(`"${text}" is not a speed: give a number above 0.`)
}

async function serveRecording(
  events: readonly HubEvent[],
  speed: number,
  json: boolean,
  { terminal, signal }: Program,
): Promise<number> {
  const [{ simulatedAgents }, { runHub }] = await Promise.all([
    import('../recording/simulated-agents.js'),
    import('../hub/run-hub.js'),
  ])
  const sources = simulatedAgents(events, { speed })
  if (sources.length === 0) throw usage('The recording names no agent.')
  const running = await runHub({
    socket: (await hubPlace(terminal.env)).socket,
    opened: { sources, close: async () => {} },
    onProblem: (text) => terminal.err(`${text}\n`),
  })
  const agents = await running.hub.agents()
  if (json) terminal.out(`${JSON.stringify({ pid: process.pid, agents: agents.map(({ id }) => id) })}\n`)
  else terminal.out(`The hub runs with ${agents.length} recorded agents: ${agents.map(({ id }) => id).join(', ')}\n`)
  terminal.err('A prompt gets the recorded turn with the same text, or the next one. Ctrl-c stops it.\n')
  await stopRequested(signal)
  await running.close()
  return 0
}
