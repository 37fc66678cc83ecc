import type { Hub } from '../../../../src/hub/index.js'
import type { HubGateway } from '../hub/hub-gateway.js'
import type { Share } from '../hub/share.js'
import type { OpenedSources } from '../hub/sources.js'
import type { RunningHub } from '../hub/run-hub.js'
import { command, JSON_ARG, NATS_ARGS, type Program } from '../program/command.js'
import type { Settings } from '../settings/schema.js'
import { styleOf } from '../terminal/style.js'
import { portOf } from './port.js'
import { stopRequested } from './stop-requested.js'

export default command({
  examples: [
    ['signalbox up', 'run the hub, the gateway and the dashboard until ctrl-c, with every system that is found'],
    ['signalbox up --demo', 'the same with simulated agents'],
    ['signalbox up --no-gateway', 'only the hub: nothing listens on a port'],
    ['signalbox up --nats tls://nats.example.com:4222', 'share the agents with the hubs of other machines, through a NATS server'],
  ],
  args: {
    demo: { type: 'boolean', description: 'Simulated agents in place of the systems of this machine' },
    gateway: {
      type: 'boolean',
      default: true,
      description: 'Start the gateway with the dashboard and print an address for a browser',
      negativeDescription: 'Do not start the gateway: no port is opened, and there is no dashboard',
    },
    ...NATS_ARGS,
    nats: { type: 'string', description: 'share the agents through this NATS server', valueHint: 'url' },
    machines: {
      type: 'string',
      description:
        'with --nats: also show these machines, which have accounts of their own: name=FILE of credentials, with commas between them',
      valueHint: 'list',
    },
    name: { type: 'string', description: 'with --nats: the name of this machine; default its host name', valueHint: 'name' },
    memory: { type: 'boolean', description: 'Keep the journal in memory only' },
    port: { type: 'string', description: 'the port of the gateway; default 8700, 0 for any', valueHint: 'port' },
    pages: { type: 'string', description: 'serve the pages of this folder in place of the dashboard', valueHint: 'folder' },
    ...JSON_ARG,
  },
  async run({ demo, gateway, memory, port, pages, json, nats, name, machines, ...given }, { terminal, signal }) {
    const { 'nats-creds': credentials, 'nats-ca': ca } = given
    const chosenPort = portOf(port)
    const alone =
      nats === undefined && Object.entries({ name, machines, 'nats-creds': credentials, 'nats-ca': ca }).find(([, value]) => value)
    if (alone) {
      terminal.err(`--${alone[0]} is used with --nats URL only.\n`)
      return 2
    }
    const [{ runHub }, { readSettings }, { hubPlaceOf }] = await Promise.all([
      import('../hub/run-hub.js'),
      import('../settings/read.js'),
      import('../settings/hub-place.js'),
    ])
    const { settings } = await readSettings(terminal.env)
    const print = (line: string): void => terminal.err(`${line}\n`)
    const share =
      nats === undefined
        ? undefined
        : await (await import('../hub/share.js')).openShare({ url: nats, credentials, ca, machines, name, print })
    // From here on there is something to clean up.
    const stop = stopRequested(signal)
    let running: RunningHub
    let chosen: ChosenSources
    let folder: string | undefined
    const place = hubPlaceOf(terminal.env, settings)
    const { socket } = place
    try {
      chosen = await sourcesFor(demo === true, settings, terminal, share)
      // Simulated agents leave nothing behind.
      folder = share || memory || chosen.simulated ? undefined : place.folder
      const store =
        share?.nats.store ??
        (folder === undefined ? undefined : (await (await import('../../hub/folder.js')).hubFolder({ directory: folder })).store)
      running = await runHub({
        socket,
        opened: chosen.opened,
        ...(store ? { store } : {}),
        ...(share ? { shareAs: share.name } : {}),
        ...(settings.policy ? { policy: [{ name: 'config', rules: settings.policy as never }] } : {}),
        keepEvents: settings.hub?.keepEvents,
        onProblem: share?.onProblem ?? print,
      })
    } catch (error) {
      await share?.close()
      throw error
    }
    const { opened } = chosen
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
          keep: memory !== true && !chosen.simulated,
        })
      }
      chosen.start(running.hub)
      const agents = await running.hub.agents()
      const sources = [...opened.sources.map(({ name }) => name), ...(share?.joined?.names ?? [])]
      await announce({ agents: agents.length, sources, journal: folder, socket, share, web, json: json === true }, terminal)
      if (web && terminal.canAsk) void ticketOnEnter(web, terminal, signal)
      await stop
      terminal.err('Stopping.\n')
    } finally {
      await web?.running[Symbol.asyncDispose]()
      await share?.stopping()
      await running.close()
      await share?.close()
    }
    return 0
  },
})

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
  share: Share | undefined,
): Promise<ChosenSources> {
  if (!demo) {
    const { openSources } = await import('../hub/sources.js')
    const opened = withMachines(await openSources(settings, terminal.env, undefined, share?.name), share)
    if (opened.sources.length > 0) return { opened, simulated: false, start: () => {} }
    if (share) {
      // Simulated agents would be shown on every machine.
      const others = share.joined ? 'the other machines' : 'other machines'
      terminal.err(`No system was found on this machine, so this hub shows only the agents of ${others}.\n`)
      return { opened, simulated: false, start: () => {} }
    }
    terminal.err('No system was found on this machine, so simulated agents run. signalbox doctor shows what was looked for.\n')
  }
  const { demoSources } = await import('../hub/demo.js')
  const simulated = await demoSources(share?.name)
  return { opened: withMachines(simulated, share), simulated: true, start: simulated.start }
}

/** The sources of this machine, and one for each machine with an account of its own. */
function withMachines(opened: OpenedSources, share: Share | undefined): OpenedSources {
  const { sources, factories = sources.map((source) => () => source) } = opened
  return share?.joined ? { ...opened, factories: [...factories, ...share.joined.factories] } : opened
}

interface Facts {
  readonly agents: number
  readonly sources: readonly string[]
  readonly journal: string | undefined
  readonly socket: string
  readonly share: Share | undefined
  readonly web: HubGateway | undefined
  readonly json: boolean
}

async function announce(
  { agents, sources, journal, socket, share, web, json }: Facts,
  terminal: Program['terminal'],
): Promise<void> {
  const address = await web?.running.served.ticketUrl()
  if (json) {
    const gateway = web ? { url: web.running.served.url, address, dashboard: web.pages !== undefined } : undefined
    const nats = share ? { name: share.name, server: share.nats.host, version: share.nats.version } : undefined
    terminal.out(`${JSON.stringify({ pid: process.pid, agents, sources, socket, journal, nats, gateway })}\n`)
    return
  }
  const { bold, dim } = styleOf(terminal)
  const from = sources.length === 0 ? '' : `: ${sources.join(', ')}`
  terminal.out(`${bold('The hub runs')} with ${agents} agent${agents === 1 ? '' : 's'}${from}\n`)
  const kept = journal === undefined ? 'The journal is kept in memory.' : `The journal is in ${journal}.`
  terminal.out(`  ${dim(share ? `It shares the store on ${share.nats.host}, under the name ${share.name}.` : kept)}\n`)
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
