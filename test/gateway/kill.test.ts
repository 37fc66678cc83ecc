/** The children of a gateway end with it, for every kind of end. */
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gateway } from '../../transports/web/index.js'
import { nodeWebSocket } from '../../transports/node/index.js'
import type { Link } from '../../src/transport.js'
import { until } from './attacks/harness.js'
import { buildCommandLine, processesMarked, startProcess, STUBBORN, writeProgram, type GatewayProcess } from './processes.js'
import { rounds } from '../rounds.js'

let folder: string
let cli: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-kill-'))
  cli = buildCommandLine('gateway-kill')
  writeProgram(join(folder, 'claude'), STUBBORN)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function start(mark: string): Promise<GatewayProcess> {
  const config = join(folder, `${mark}.json`)
  const claude = { system: 'claude', path: join(folder, 'claude'), env: { SIGNALBOX_TEST_MARK: mark } }
  await writeFile(
    config,
    JSON.stringify({ port: 0, scopes: ['send'], tokenFile: join(folder, `${mark}.token`), upstreams: { claude } }),
  )
  return startProcess(cli, ['--config', config])
}

/** A link whose child has written its first line. */
async function openSession({ url, token }: GatewayProcess): Promise<Link> {
  const link = await gateway(url, { token, webSocket: await nodeWebSocket() })
    .claude<object>()
    .open({})
  expect(await link.read()).not.toBeNull()
  return link
}

/** CI makes all the kills. */
const KILLS = rounds(50, 10)

describe.skipIf(process.platform !== 'linux')('the end of the gateway', () => {
  test(`[gateway.kill.no-orphans] after ${KILLS} kills of a gateway with stubborn children and grandchildren, no process is left`, {
    timeout: 600_000,
  }, async () => {
    const took: number[] = []
    const round = async (number: number): Promise<void> => {
      const mark = `killed-${process.pid}-${number}`
      const running = await start(mark)
      const links = await Promise.all([openSession(running), openSession(running)])
      expect(processesMarked(mark).length).toBeGreaterThanOrEqual(6)
      const gone = new Promise<void>((resolve) => running.child.once('exit', () => resolve()))
      running.child.kill('SIGKILL')
      await gone
      const began = performance.now()
      await until(() => processesMarked(mark).length === 0, `no child of round ${number} is left`)
      took.push(performance.now() - began)
      for (const link of links) {
        // The client gets an error, never a complete answer.
        expect((await link.closed).kind).not.toBe('eof')
      }
    }
    for (let number = 0; number < KILLS; number += 5) await Promise.all([0, 1, 2, 3, 4].map((more) => round(number + more)))
    // The watchdog gives stubborn children two seconds after TERM. On a busy machine it is later, so the figure is only printed.
    console.log(`the last child ended ${Math.round(Math.max(...took))} ms after the gateway`)
  })

  test('[gateway.kill.sigterm] after SIGTERM clients get the close code for resuming, stubborn children end, the token file is removed and the status is 0', {
    timeout: 60_000,
  }, async () => {
    const mark = `term-${process.pid}`
    const running = await start(mark)
    const link = await openSession(running)
    const tokenFile = join(folder, `${mark}.token`)
    await access(tokenFile)
    const gone = new Promise<number | null>((resolve) => running.child.once('exit', (code) => resolve(code)))
    running.child.kill('SIGTERM')
    expect(await link.closed).toMatchObject({ kind: 'error', error: { code: 'unavailable', remoteCode: 'draining' } })
    expect(await gone).toBe(0)
    await expect(access(tokenFile)).rejects.toMatchObject({ code: 'ENOENT' })
    await until(() => processesMarked(mark).length === 0, 'no child is left')
  })

  test('[gateway.kill.sigterm.idle] an idle gateway exits at once with status 0', { timeout: 60_000 }, async () => {
    const running = await start(`idle-${process.pid}`)
    const gone = new Promise<number | null>((resolve) => running.child.once('exit', (code) => resolve(code)))
    running.child.kill('SIGTERM')
    expect(await gone).toBe(0)
    expect(running.output()).not.toContain(running.token)
  })
})
