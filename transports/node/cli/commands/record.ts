import { SignalboxError } from '../../../../src/errors.js'
import { command, JSON_ARG, type Program } from '../program/command.js'
import { hubPlaceOf } from '../settings/hub-place.js'
import { createStatusLine } from '../view/status-line.js'
import { parseDuration } from '../view/time.js'
import { parseCursor } from './cursor.js'
import { expectAgent } from './known-agent.js'
import { stopAfter } from './stop-after.js'

export default command({
  examples: [
    ['signalbox record work.jsonl', 'what all agents do, until ctrl-c; secrets are masked'],
    ['signalbox record work.jsonl --agent ccc/backend --from oldest --for 2s', 'the past of one agent that the hub still has'],
    [
      'signalbox record wire.jsonl --wire ccc --listen /tmp/ccc.sock',
      'the lines between a client and the CCC server: let the client use this socket',
    ],
    [
      'signalbox record --catsyphon http://localhost:8000 --workspace 0b1c2d3e',
      'into a CatSyphon server, each event once, also after a restart',
    ],
  ],
  args: {
    file: { type: 'positional', required: false, description: 'the file to write; it must not exist' },
    agent: { type: 'string', description: 'only this agent; an id that `signalbox ls` prints', valueHint: 'id' },
    from: { type: 'string', description: '`oldest`, or a cursor; default: from now on', valueHint: 'cursor' },
    for: { type: 'string', description: 'stop after this time, such as 30s or 5m', valueHint: 'time' },
    wire: {
      type: 'string',
      description: 'record the link of a system in place of the journal: ccc, cccc or hub',
      valueHint: 'system',
    },
    listen: {
      type: 'string',
      description: 'with --wire: the socket or the port that the client connects to',
      valueHint: 'address',
    },
    catsyphon: { type: 'string', description: 'record into the CatSyphon server at this address', valueHint: 'url' },
    workspace: { type: 'string', description: 'with --catsyphon: the workspace', valueHint: 'id' },
    ...JSON_ARG,
  },
  async run(args, program) {
    const { terminal } = program
    const forMs = args.for === undefined ? undefined : parseDuration(args.for)
    const stop = stopAfter(forMs, program.signal)
    try {
      if (args.catsyphon !== undefined) {
        const { recordInCatsyphon } = await import('../recording/catsyphon.js')
        const { catsyphon: url, workspace, agent } = args
        if (workspace === undefined) throw usage('--catsyphon needs --workspace.')
        return await recordInCatsyphon({ url, workspace, agent, signal: stop.signal }, program)
      }
      if (args.file === undefined) throw usage('record needs the name of a file.')
      const recorded =
        args.wire === undefined
          ? await recordJournal({ file: args.file, agent: args.agent, from: args.from, signal: stop.signal }, program)
          : await recordWireTo({ file: args.file, system: args.wire, listen: args.listen, signal: stop.signal }, program)
      if (args.json) terminal.out(`${JSON.stringify({ file: args.file, recorded })}\n`)
      else
        terminal.err(
          `${recorded} ${args.wire === undefined ? 'events' : 'lines'} are in ${args.file}. Read it before you share it.\n`,
        )
      return 0
    } finally {
      stop.cancel()
    }
  },
})

const usage = (message: string): SignalboxError =>
  new SignalboxError({ code: 'invalid_argument', message, hint: 'signalbox record --help shows examples.' })

interface JournalOptions {
  readonly file: string
  readonly agent: string | undefined
  readonly from: string | undefined
  readonly signal: AbortSignal
}

async function recordJournal(options: JournalOptions, { terminal, hub }: Program): Promise<number> {
  const { file, agent, from, signal } = options
  const [{ createRecording, redactorFor }, { createEventMask }] = await Promise.all([
    import('../recording/file.js'),
    import('../recording/event-mask.js'),
  ])
  const { hub: opened } = await hub(agent === undefined ? {} : { agent })
  if (agent !== undefined && from === undefined) await expectAgent(opened, agent)
  const masked = createEventMask(redactorFor(terminal.env))
  const agents = agent === undefined ? {} : { agents: [agent] }
  await using writer = await createRecording(file, { recording: 'hub' })
  const status = createStatusLine(terminal)
  let count = 0
  const keep = async (events: readonly object[]): Promise<void> => {
    await writer.write(events)
    count += events.length
  }
  try {
    const watch = opened.watch({
      signal,
      ...agents,
      ...(from === undefined ? {} : { from: from === 'oldest' ? from : parseCursor(from) }),
    })
    for await (const event of watch) {
      await keep(masked.take(event))
      status.set(`${count} events`)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await keep(masked.rest())
    status.stop()
  }
  return count
}

interface WireOptions {
  readonly file: string
  readonly system: string
  readonly listen: string | undefined
  readonly signal: AbortSignal
}

async function recordWireTo({ file, system, listen, signal }: WireOptions, { terminal }: Program): Promise<number> {
  const [{ listenAt, recordWire, wireOf }, { createRecording }, { readSettings }] = await Promise.all([
    import('../recording/wire.js'),
    import('../recording/file.js'),
    import('../settings/read.js'),
  ])
  if (listen === undefined) throw usage('--wire needs --listen: the socket or the port that the client connects to.')
  const { settings } = await readSettings(terminal.env)
  const { sources = {} } = settings
  const real = wireOf(system, {
    hub: hubPlaceOf(terminal.env, settings).socket,
    ccc: sources.ccc ? sources.ccc.socket : undefined,
    cccc: sources.cccc ? sources.cccc.home : undefined,
  })
  await using writer = await createRecording(file, { recording: 'wire', system })
  const listener = await listenAt(listen)
  terminal.err(`Connect the client to ${listener.address}. Ctrl-c ends the recording.\n`)
  return await recordWire(listener, real, writer, { env: terminal.env, signal, onProblem: (text) => terminal.err(`${text}\n`) })
}
