import { command } from '../program/command.js'
import type { Scope } from '../../../../src/gateway/index.js'
import { styleOf } from '../terminal/style.js'

export default command({
  examples: [
    ['signalbox up', 'run the hub of this machine until ctrl-c: every system that is found, one journal'],
    ['signalbox up --demo', 'the same with simulated agents'],
    ['signalbox up --gateway', 'also let web pages reach it, as the upstream `hub`'],
  ],
  args: {
    demo: { type: 'boolean', description: 'Simulated agents in place of the systems of this machine' },
    gateway: { type: 'boolean', description: 'Start the gateway too and print an address for a browser' },
    memory: { type: 'boolean', description: 'Keep the journal in memory only' },
    port: { type: 'string', description: 'the port of the gateway; default 8700, 0 for any', valueHint: 'port' },
  },
  async run({ demo, gateway, memory, port }, { terminal, signal }) {
    const [{ runHub }, { openSources }, { readSettings }, { hubFolderPath, hubSocketPath }] = await Promise.all([
      import('../hub/run-hub.js'),
      import('../hub/sources.js'),
      import('../settings/read.js'),
      import('../settings/places.js'),
    ])
    const { settings } = await readSettings(terminal.env)
    const { bold, dim } = styleOf(terminal)
    let opened = demo ? await (await import('../hub/demo.js')).demoSources() : await openSources(settings, terminal.env)
    if (!demo && opened.sources.length === 0) {
      terminal.err('No system was found on this machine, so simulated agents run. signalbox doctor shows what was looked for.\n')
      opened = await (await import('../hub/demo.js')).demoSources()
    }
    const simulated = demo || opened.sources.some(({ name }) => name === 'acp' && settings.sources?.acp === undefined)
    // Simulated agents leave nothing behind.
    const folder = memory || simulated ? undefined : (settings.hub?.folder ?? hubFolderPath(terminal.env))
    const store =
      folder === undefined ? undefined : (await (await import('../../hub/folder.js')).hubFolder({ directory: folder })).store
    const socket = settings.hub?.socket ?? hubSocketPath(terminal.env)
    const running = await runHub({
      socket,
      opened,
      ...(store ? { store } : {}),
      ...(settings.policy ? { policy: [{ name: 'config', rules: settings.policy as never }] } : {}),
      onProblem: (text) => terminal.err(`${text}\n`),
    })
    const stopGateway = gateway ? await startGateway(port, settings.gateway?.scopes) : undefined
    const agents = await running.hub.agents()
    terminal.out(
      `${bold('The hub runs')} with ${agents.length} agent${agents.length === 1 ? '' : 's'}: ${opened.sources.map(({ name }) => name).join(', ')}\n`,
    )
    terminal.out(`  ${dim(folder === undefined ? 'The journal is kept in memory.' : `The journal is in ${folder}.`)}\n`)
    terminal.out('  signalbox ls, ask, watch and asks use it from any terminal. Ctrl-c stops it.\n')
    await stopped(signal)
    terminal.err('Stopping.\n')
    await stopGateway?.()
    await running.close()
    return 0

    async function startGateway(wanted: string | undefined, scopes: readonly Scope[] = ['observe', 'send', 'approve']) {
      const [{ runGateway }, { defaultTokenFile }, { hubPolicy }, { hubSocket }] = await Promise.all([
        import('../../gateway/run.js'),
        import('../gateway.js'),
        import('../../../../src/gateway/policy/hub.js'),
        import('../../hub/socket.js'),
      ])
      const hub = { kind: 'stream', system: 'hub', transport: hubSocket({ path: socket }), policy: hubPolicy } as const
      const out = { print: () => {}, complain: (line: string) => terminal.err(`${line}\n`), env: terminal.env }
      const tokenFile = (bound: number): string => defaultTokenFile(out, bound)
      const gateway = await runGateway({ upstreams: { hub }, port: Number(wanted ?? 8700), scopes, tokenFile })
      terminal.out(`${bold('Browser')} ${await gateway.served.ticketUrl()}\n  ${dim('The address works once, for a minute.')}\n`)
      return () => gateway[Symbol.asyncDispose]()
    }
  },
})

/** Resolves at ctrl-c, or when the program is asked to end. */
function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
    for (const name of ['SIGTERM', 'SIGHUP'] as const) process.once(name, () => resolve())
  })
}
