import { readSettings } from '../settings/read.js'
import type { Settings } from '../settings/schema.js'
import { command, JSON_ARG, NATS_ARGS } from '../program/command.js'
import { styleOf } from '../terminal/style.js'
import { inspect, SYSTEMS, type Places } from '../machine/inspect.js'

export default command({
  examples: [
    ['signalbox doctor', 'what of the five systems is here, what is wrong, and the command that repairs it'],
    ['signalbox doctor claude', 'one system'],
    ['signalbox doctor --nats tls://nats.example.com:4222', 'also whether hubs can share this NATS server'],
    ['signalbox doctor --demo', 'one call to each simulated system, to see that this installation works'],
  ],
  args: {
    system: { type: 'positional', required: false, description: `one of ${SYSTEMS.join(', ')}` },
    nats: { type: 'string', description: 'also check this NATS server', valueHint: 'url' },
    ...NATS_ARGS,
    demo: { type: 'boolean', description: 'Use the simulators in place of the systems' },
    ...JSON_ARG,
  },
  async run({ system, demo, json, nats, 'nats-creds': credentials, 'nats-ca': ca }, { terminal, version, hub }) {
    const { bold, dim, green, red, yellow } = styleOf(terminal)
    if (demo) {
      const { firstContact } = await import('../machine/first-contact.js')
      return firstContact(terminal, json === true)
    }
    const wanted = SYSTEMS.filter((each) => system === undefined || each === system)
    if (wanted.length === 0) {
      terminal.err(`There is no system "${system}". Known are ${SYSTEMS.join(', ')}.\n`)
      return 2
    }
    const { settings } = await readSettings(terminal.env)
    const places = placesOf(settings)
    const findings = await Promise.all(wanted.map((each) => inspect(each, terminal.env, places)))
    const running = await hub({ running: true }).then(
      () => true,
      () => false,
    )
    const server =
      nats === undefined ? undefined : await (await import('../hub/check-nats.js')).checkNats({ url: nats, credentials, ca })
    if (json) {
      const facts = {
        signalbox: version,
        node: process.versions.node,
        platform: process.platform,
        hub: running,
        ...(server ? { nats: server } : {}),
      }
      const shown = findings.map(({ config: _config, ...finding }) => finding)
      terminal.out(`${JSON.stringify({ ...facts, systems: shown }, null, 2)}\n`)
    } else {
      terminal.out(`${bold('signalbox')} ${version}, Node ${process.versions.node}, ${process.platform}\n`)
      terminal.out(`${bold('hub')} ${running ? green('runs') : `${dim('does not run;')} signalbox up starts it`}\n`)
      if (server) {
        const mark = `${server.works ? green('works') : red('broken')}${server.version === undefined ? '' : ` ${server.version}`}`
        terminal.out(`${bold('nats')} ${mark}\n  ${server.text}\n`)
      }
      for (const { system: name, status, version: found, tried, problem, repair } of findings) {
        const mark = status === 'works' ? green('works') : status === 'absent' ? dim('not here') : red('broken')
        terminal.out(`${bold(name)} ${mark}${found === undefined ? '' : ` ${found}`}\n`)
        terminal.out(`  ${dim(`tried: ${tried}`)}\n`)
        if (status === 'broken' && problem !== undefined) terminal.out(`  ${red(problem)}\n`)
        if (repair !== undefined) terminal.out(`  ${status === 'broken' ? yellow('repair:') : dim('to have it:')} ${repair}\n`)
      }
    }
    return findings.some(({ status }) => status === 'broken') || server?.works === false ? 1 : 0
  },
})

function placesOf({ sources = {} }: Settings): Places {
  const { ccc, cccc, claude, cmdop } = sources
  return {
    ...(ccc ? { ccc } : {}),
    ...(cccc ? { cccc } : {}),
    ...(claude ? { claude: { path: claude.path } } : {}),
    ...(cmdop ? { cmdop } : {}),
  }
}
