import { hostname } from 'node:os'
import type { Hub } from '../../../../src/hub/index.js'
import type { HubGateway } from '../hub/hub-gateway.js'
import type { OpenedSources } from '../hub/sources.js'
import { command, JSON_ARG, type Program } from '../program/command.js'
import type { Settings } from '../settings/schema.js'
import { styleOf } from '../terminal/style.js'
import { portOf } from './port.js'

export default command({
  examples: [
    ['signalbox up', 'run the hub, the gateway and the dashboard until ctrl-c, with every system that is found'],
    ['signalbox up --demo', 'the same with simulated agents'],
    ['signalbox up --no-gateway', 'only the hub: nothing listens on a port'],
    ['signalbox up --nats nats://10.0.0.1:4222', 'share the agents with the hubs of other machines, through a NATS server'],
  ],
  args: {
    demo: { type: 'boolean', description: 'Simulated agents in place of the systems of this machine' },
    gateway: {
      type: 'boolean',
      default: true,
      description: 'Start the gateway with the dashboard and print an address for a browser',
      negativeDescription: 'Do not start the gateway: no port is opened, and there is no dashboard',
    },
    nats: { type: 'string', description: 'share the agents through this NATS server', valueHint: 'url' },
    'nats-creds': { type: 'string', description: 'a file of credentials for the NATS server', valueHint: 'file' },
    name: { type: 'string', description: 'with --nats: the name of this machine; default its host name', valueHint: 'name' },
    memory: { type: 'boolean', description: 'Keep the journal in memory only' },
    port: { type: 'string', description: 'the port of the gateway; default 8700, 0 for any', valueHint: 'port' },
    pages: { type: 'string', description: 'serve the pages of this folder in place of the dashboard', valueHint: 'folder' },
    ...JSON_ARG,
  },
  async run({ demo, gateway, memory, port, pages, json, nats, name, 'nats-creds': credentials }, { terminal, signal }) {
    const chosenPort = portOf(port)
    const [{ runHub }, { readSettings }, { hubFolderPath, hubSocketPath }] = await Promise.all([
      import('../hub/run-hub.js'),
      import('../settings/read.js'),
      import('../settings/places.js'),
    ])
    const { settings } = await readSettings(terminal.env)
    const machine = nats === undefined ? undefined : machineName(name)
    const { opened, simulated, start } = await sourcesFor(demo === true, settings, terminal, machine)
    // Simulated agents leave nothing behind.
    const folder = nats !== undefined || memory || simulated ? undefined : (settings.hub?.folder ?? hubFolderPath(terminal.env))
    const shared = nats === undefined ? undefined : await (await import('../hub/nats.js')).openNats({ url: nats, credentials })
    const local =
      folder === undefined ? undefined : (await (await import('../../hub/folder.js')).hubFolder({ directory: folder })).store
    const socket = settings.hub?.socket ?? hubSocketPath(terminal.env)
    const running = await runHub({
      socket,
      opened,
      ...(shared ? { store: shared.store } : local ? { store: local } : {}),
      ...(machine === undefined ? {} : { shareAs: machine }),
      ...(settings.policy ? { policy: [{ name: 'config', rules: settings.policy as never }] } : {}),
      onProblem: (text) => terminal.err(`${text}\n`),
    })
    let web: HubGateway | undefined
    try {
      if (gateway !== false) {
        const { startHubGateway } = await import('../hub/hub-gateway.js')
        const { allowedOrigins, scopes, port: settingsPort } = settings.gateway ?? {}
        web = await startHubGateway({
          env: terminal.env,
          socket,
          port: chosenPort ?? settingsPort,
          scopes,
          allowedOrigins,
          pages,
          keep: folder !== undefined,
        })
      }
      start(running.hub)
      const agents = await running.hub.agents()
      const facts = { agents: agents.length, sources: opened.sources.map(({ name }) => name), journal: folder, socket }
      await announce({ ...facts, web, json: json === true }, terminal)
      if (web && terminal.canAsk) void ticketOnEnter(web, terminal, signal)
      await stopped(signal)
      terminal.err('Stopping.\n')
    } finally {
      await web?.running[Symbol.asyncDispose]()
      await running.close()
      await shared?.close()
    }
    return 0
  },
})

/** A name that can begin the name of a source. */
const machineName = (given: string | undefined): string => (given ?? hostname()).replaceAll(/[/:#\s]/g, '-')

interface ChosenSources {
  readonly opened: OpenedSources
  readonly simulated: boolean
  /** Starts the schedule of the demo. Does nothing for real systems. */
  start(hub: Hub): void
}

/** The systems of this machine, or the demo when it is wanted or nothing is found. */
async function sourcesFor(
  demo: boolean,
  settings: Settings,
  terminal: Program['terminal'],
  machine: string | undefined,
): Promise<ChosenSources> {
  if (!demo) {
    const { openSources } = await import('../hub/sources.js')
    const opened = await openSources(settings, terminal.env, undefined, machine)
    if (opened.sources.length > 0) return { opened, simulated: false, start: () => {} }
    terminal.err('No system was found on this machine, so simulated agents run. signalbox doctor shows what was looked for.\n')
  }
  const { demoSources } = await import('../hub/demo.js')
  const simulated = await demoSources()
  return { opened: simulated, simulated: true, start: simulated.start }
}

interface Facts {
  readonly agents: number
  readonly sources: readonly string[]
  readonly journal: string | undefined
  readonly socket: string
  readonly web: HubGateway | undefined
  readonly json: boolean
}

async function announce({ agents, sources, journal, socket, web, json }: Facts, terminal: Program['terminal']): Promise<void> {
  const address = await web?.running.served.ticketUrl()
  if (json) {
    const gateway = web ? { url: web.running.served.url, address, dashboard: web.pages !== undefined } : undefined
    terminal.out(`${JSON.stringify({ pid: process.pid, agents, sources, socket, journal, gateway })}\n`)
    return
  }
  const { bold, dim } = styleOf(terminal)
  terminal.out(`${bold('The hub runs')} with ${agents} agent${agents === 1 ? '' : 's'}: ${sources.join(', ')}\n`)
  terminal.out(`  ${dim(journal === undefined ? 'The journal is kept in memory.' : `The journal is in ${journal}.`)}\n`)
  if (web && address !== undefined) {
    terminal.out(`  ${bold(web.pages === undefined ? 'Gateway' : 'Dashboard')} ${address}\n`)
    const again = terminal.canAsk
      ? 'Press Enter for a new one.'
      : `signalbox gateway ticket --port ${web.running.served.port} prints a new one.`
    terminal.out(`  ${dim(`The address works once, for a minute. ${again}`)}\n`)
    if (web.pages === undefined)
      terminal.err('  This installation has no dashboard: `npm run playground:build` makes it, --pages serves other pages.\n')
  }
  terminal.out('  signalbox ls, ask, watch and asks use the hub from any terminal. Ctrl-c stops it.\n')
}

/** Prints a new address each time that a person presses Enter. */
async function ticketOnEnter({ running }: HubGateway, terminal: Program['terminal'], signal: AbortSignal): Promise<void> {
  try {
    for await (const _line of terminal.lines(signal)) terminal.out(`${await running.served.ticketUrl()}\n`)
  } catch {
    // The program is ending, so no more tickets are needed.
  }
}

/** Resolves at ctrl-c, or when the program is asked to end. */
function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
    for (const name of ['SIGTERM', 'SIGHUP'] as const) process.once(name, () => resolve())
  })
}
