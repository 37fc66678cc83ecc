/** A writer that does not wait for its writes: unsent bytes are bounded, and accepted bytes arrive whole. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Link } from '../../src/index.js'
import { listenUnix, unixSocket } from '../../transports/node/index.js'
import { framePair } from '../web/frame-pair.js'

const MEBIBYTE = 1024 * 1024

async function flooded(near: Link, far: Link): Promise<void> {
  const results = Array.from({ length: 100 }, () =>
    near.write(new Uint8Array(MEBIBYTE)).then(
      () => undefined,
      (error) => error,
    ),
  )
  let heard = 0
  const reading = (async () => {
    for (let chunk = await far.read(); chunk !== null; chunk = await far.read()) heard += chunk.byteLength
  })()
  const errors = (await Promise.all(results)).filter((error) => error !== undefined)
  expect(errors.length).toBeGreaterThan(20)
  expect(errors.length).toBeLessThan(50)
  for (const error of errors) expect(error).toMatchObject({ code: 'slow_consumer', sent: 'no' })
  // The link stays open: only one write was refused, as a whole.
  await near.write(new Uint8Array(7))
  await near.end()
  await reading
  expect(heard).toBe((100 - errors.length) * MEBIBYTE + 7)
}

async function framedLinks(): Promise<readonly [Link, Link]> {
  const { client, server } = framePair()
  return await Promise.all([client.link, server.link])
}

test('a socket whose peer does not read refuses writes above the limit, and delivers the others [link.unsent-bound]', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-unsent-'))
  const path = join(folder, 'peer.sock')
  await using listener = await listenUnix({ path })
  await using near = await unixSocket({ path }).open()
  const { value } = await listener.accept()[Symbol.asyncIterator]().next()
  await using far = value as Link
  await flooded(near, far)
  rmSync(folder, { recursive: true, force: true })
})

test('a link over frames refuses writes above the limit, and a million tiny writes count for more than their bytes [link.unsent-bound]', async () => {
  const [near, far] = await framedLinks()
  await flooded(near, far)
  const [writer, deaf] = await framedLinks()
  let refused = 0
  for (let count = 0; count < 300_000; count += 1) writer.write(new Uint8Array(1)).catch(() => (refused += 1))
  await new Promise((resolve) => setTimeout(resolve, 0))
  expect(refused).toBeGreaterThan(30_000)
  await writer.close()
  await deaf.close()
})
