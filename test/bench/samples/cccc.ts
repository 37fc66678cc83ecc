/** CCCC over a unix socket, one connection for each call or stream: our client, the bare `node:net`, and the published Python client. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createCccc } from '../../../src/cccc/index.js'
import { ccccDaemon } from '../../../transports/node/cccc/daemon.js'
import { unixSocket } from '../../../transports/node/link/socket.js'
import { repeated, timed, type Measured, type Sample } from '../measure.js'
import { peerFile } from '../peers.js'

/** Connects, sends one request, and gives each line to the caller until the caller has enough. */
function bare(path: string, op: string, args: object, onLine: (line: unknown, socket: Socket) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path })
    const decoder = new TextDecoder()
    let text = ''
    socket.once('error', reject)
    socket.once('connect', () => socket.write(`${JSON.stringify({ v: 1, op, args })}\n`))
    socket.on('data', (chunk: Buffer) => {
      text += decoder.decode(chunk, { stream: true })
      let start = 0
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
        onLine(JSON.parse(text.slice(start, end)), socket)
        start = end + 1
      }
      text = text.slice(start)
    })
    socket.once('close', () => resolve())
  })
}

/** Runs with a home whose descriptor names the socket. */
async function inHome(path: string, run: (home: string) => Promise<Sample>): Promise<Sample> {
  const home = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
  try {
    mkdirSync(join(home, 'daemon'))
    const descriptor = join(home, 'daemon', 'ccccd.addr.json')
    writeFileSync(descriptor, JSON.stringify({ v: 1, transport: 'unix', path, pid: process.pid, version: '0.4.45' }))
    utimesSync(descriptor, 1, 1)
    return await run(home)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

const EVENTS = 2000

/** Measures work, and the most memory that the process had by its end. */
async function withMemory(run: () => Promise<number>): Promise<Sample> {
  const sample = await timed(run)
  return { ...sample, memoryKb: process.resourceUsage().maxRSS }
}

const PYTHON = `
import json, sys, time
from cccc_sdk import CCCCClient
home, count = sys.argv[1], int(sys.argv[2])
client = CCCCClient(cccc_home=home)
for _ in range(min(2000, count // 4)): client.ping()
cpu, wall = time.process_time(), time.perf_counter()
for _ in range(count): assert client.ping()["pid"] == 12
print(json.dumps({"wallMs": (time.perf_counter() - wall) * 1000, "cpuMs": (time.process_time() - cpu) * 1000, "count": count}))
`

export const ccccSamples = {
  cccBarePing: ({ path, count }) =>
    repeated(count, async () => {
      let ok = false
      await bare(path, 'ping', {}, (line, socket) => {
        ok = (line as { ok: boolean }).ok
        socket.destroy()
      })
      return ok
    }),
  async ccccPing({ path, count }) {
    await using client = createCccc({ transport: unixSocket({ path }) })
    return await repeated(count, async () => (await client.call('ping')).pid === 12)
  },
  ccccDaemonPing: ({ path, count }) =>
    inHome(path, async (home) => {
      await using client = createCccc({ transport: ccccDaemon({ home }) })
      return await repeated(count, async () => (await client.call('ping')).pid === 12)
    }),
  ccccPythonPing: ({ path, count }) =>
    inHome(path, async (home) => {
      const { stdout } = await promisify(execFile)(peerFile('cccc-sdk'), ['-c', PYTHON, home, String(count)])
      return JSON.parse(stdout) as Sample
    }),
  ccccBareStreams: ({ path, count }) =>
    withMemory(async () => {
      let seen = 0
      const one = async (): Promise<void> => {
        let own = 0
        await bare(path, 'events_stream', { group_id: 'g_1', by: 'user' }, (line, socket) => {
          if ((line as { t?: string }).t === 'event') own += 1
          if (own === EVENTS) socket.destroy()
        })
        seen += own
      }
      await Promise.all(Array.from({ length: count }, one))
      return seen
    }),
  ccccStreams: ({ path, count }) =>
    withMemory(async () => {
      await using client = createCccc({ transport: unixSocket({ path }) })
      let seen = 0
      const one = async (): Promise<void> => {
        let own = 0
        for await (const batch of (await client.events({ groupId: 'g_1' })).batches()) {
          own += batch.filter(({ type }) => type === 'event').length
          if (own === EVENTS) break
        }
        seen += own
      }
      await Promise.all(Array.from({ length: count }, one))
      return seen
    }),
} satisfies Record<string, Measured>
