/** The output of a child before its exit is read, however busy this process is. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { subprocess } from '../../transports/node/index.js'

const block = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
const isZombie = (pid: number): boolean => / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))

describe.skipIf(process.platform !== 'linux')('a child that has exited', () => {
  test('its last output is read by a process that was too busy to read it in time [law.2.busy]', async () => {
    const bytes = 380_000
    let pid = 0
    let left = false
    const transport = subprocess({
      command: { file: 'sh', args: ['-c', `head -c ${bytes} /dev/zero; echo written >&2`] },
      onStderr: () => {
        while (!isZombie(pid)) block(5)
        left = true
      },
    })
    const link = await transport.open()
    pid = link.info.pid ?? 0
    while (!left) await new Promise((resolve) => setImmediate(resolve))
    for (let turn = 0; turn < 6; turn += 1) {
      block(600)
      await new Promise((resolve) => setImmediate(resolve))
    }
    let heard = 0
    for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) heard += chunk.byteLength
    expect(heard).toBe(bytes)
    expect(await link.closed).toMatchObject({ kind: 'exit', exitCode: 0 })
  })
})
