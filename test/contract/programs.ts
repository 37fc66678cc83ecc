/**
 * What the suites start as children: themselves, in another role. `relay PATH` joins its stdio to a unix socket; `host` opens children and
 * waits to be killed.
 */
import type { Link } from '../../src/index.js'
import type { Entry } from './contexts.js'

/** Plays the role that the command line names; false when it names none. */
export async function played(entry: Entry, args: readonly string[]): Promise<boolean> {
  const at = args.indexOf('--role')
  const [role, argument = ''] = at === -1 ? [] : args.slice(at + 1)
  if (role === 'relay') await relay(entry, argument)
  else if (role === 'host') await host(entry)
  else return false
  return true
}

/** The child repeats on its stdio what the test does at the socket, each end included. */
async function relay({ processStdio, unixSocket }: Entry, path: string): Promise<void> {
  const stdio = processStdio()
  const socket = await unixSocket({ path }).open()
  const leave = (): void => process.exit(0)
  const answering = carry(socket, stdio)
  // Node can end its stdout and continue; the other runtimes end it only by exiting.
  const ended = answering.then('Bun' in globalThis || 'Deno' in globalThis ? leave : () => {}, leave)
  // When the socket accepts no more bytes, the test has closed it; earlier bytes are still written.
  await Promise.all([ended, carry(stdio, socket).catch(() => answering.then(leave, leave))])
}

async function carry(from: Link, to: Link): Promise<void> {
  for (let chunk = await from.read(); chunk !== null; chunk = await from.read()) await to.write(chunk)
  await to.end()
}

/** Children that would outlive this process: one waits, one has a child of its own, one ignores TERM. */
async function host({ subprocess }: Entry): Promise<void> {
  const shell = subprocess<string>({ command: (script) => ({ file: '/bin/sh', args: ['-c', script] }) })
  const links = [
    await shell.open('exec sleep 1000'),
    await shell.open('sleep 1000 & wait'),
    await shell.open("trap '' TERM HUP INT; while :; do sleep 1000; done"),
  ]
  console.log(JSON.stringify(links.map((link) => link.info.pid)))
  await Promise.all(links.map((link) => link.closed))
}
