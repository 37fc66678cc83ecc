/**
 * `npm run peers:ops [-- RELEASE]`: asks a real daemon which ops it has and prints the difference to the op table. RELEASE is a version of
 * the package cccc-pair, or `newest` (the default). No daemon lists its ops. So every name in the daemon's own files that looks like an op
 * is called with empty arguments, on a throwaway home: only `unknown_op` shows that a name is none.
 */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const release = process.argv[2] ?? 'newest'
const peers = process.env.SIGNALBOX_PEERS_DIR ?? '/var/tmp/signalbox-peers'
const table = JSON.parse(readFileSync(new URL('../test/fixtures/cccc/ops.json', import.meta.url), 'utf8'))
const known = new Map(table.map((row) => [row.op, row]))
/** They stop the daemon, or make groups of empty arguments. Every daemon has them. */
const NEVER_CALLED = ['attach', 'group_create', 'shutdown']

const environment = join(peers, `cccc-${release}`)
if (!existsSync(join(environment, 'bin', 'cccc'))) {
  mkdirSync(peers, { recursive: true })
  execFileSync('python3', ['-m', 'venv', environment])
  const wanted = release === 'newest' ? 'cccc-pair' : `cccc-pair==${release}`
  execFileSync(join(environment, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', wanted])
}

/** The files that hold the names of ops: the program, or the Python sources. */
function filesOf() {
  const [python] = readdirSync(join(environment, 'lib'))
  const sources = join(environment, 'lib', python, 'site-packages', 'cccc')
  if (!existsSync(sources)) return [join(environment, 'bin', 'cccc')]
  const names = readdirSync(sources, { recursive: true }).filter((name) => name.endsWith('.py'))
  return names.map((name) => join(sources, name))
}

/** A compiled program stores names without separators, so every beginning of a run of letters may be one. */
function candidatesIn(files) {
  const beginnings = [...new Set([...known.keys()].map((op) => op.split('_')[0]))].filter((word) => word.length > 1)
  const pattern = new RegExp(`(?=((?:${beginnings.join('|')})_[a-z0-9_]{2,45}))`, 'g')
  const candidates = new Set(known.keys())
  for (const file of files) {
    for (const [, run] of readFileSync(file, 'latin1').matchAll(pattern)) {
      if (file.endsWith('.py')) candidates.add(run)
      else for (let end = 7; end <= run.length; end += 1) if (run[end - 1] !== '_') candidates.add(run.slice(0, end))
    }
  }
  return [...candidates].filter((op) => !NEVER_CALLED.includes(op)).sort()
}

function call(path, op) {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    let text = ''
    socket.setEncoding('utf8').setTimeout(30_000, () => socket.destroy())
    socket.on('data', (chunk) => {
      text += chunk
      if (text.includes('\n')) socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text.split('\n')[0]))
    socket.write(`${JSON.stringify({ v: 1, op, args: {} })}\n`)
  })
}

const home = mkdtempSync(join(tmpdir(), 'sbo-'))
const ccccd = join(environment, 'bin', 'ccccd')
const [file, args] = existsSync(ccccd) ? [ccccd, ['run']] : [join(environment, 'bin', 'cccc'), ['daemon', 'run']]
const daemon = spawn(file, args, { env: { ...process.env, CCCC_HOME: home }, stdio: 'ignore' })
try {
  const descriptor = join(home, 'daemon', 'ccccd.addr.json')
  for (let tries = 0; !existsSync(descriptor); tries += 1) {
    if (tries > 300 || daemon.exitCode !== null) throw new Error('the daemon did not start')
    await pause(100)
  }
  const { path } = JSON.parse(readFileSync(descriptor, 'utf8'))
  const { result } = JSON.parse(await call(path, 'ping'))
  const candidates = candidatesIn(filesOf())
  console.log(`daemon ${result.version} (${result.implementation ?? 'python'}): ${candidates.length} candidates`)
  const found = [...NEVER_CALLED]
  for (const op of candidates) {
    if (!(await call(path, op)).includes('"unknown_op"')) found.push(op)
  }
  const added = found.filter((op) => !known.has(op)).sort()
  const gone = [...known.keys()].filter((op) => !found.includes(op)).sort()
  console.log(`\nin the daemon and not in the table (${added.length}):\n${added.join('\n')}`)
  console.log(`\nin the table and not in this daemon (${gone.length}):\n${gone.join('\n')}`)
  process.exitCode = added.length > 0 ? 1 : 0
} finally {
  const exited = new Promise((resolve) => daemon.once('exit', resolve))
  daemon.kill('SIGTERM')
  const late = setTimeout(() => daemon.kill('SIGKILL'), 10_000)
  await exited
  clearTimeout(late)
  rmSync(home, { recursive: true, force: true, maxRetries: 5 })
}
