/** A pair of links over a unix socket of their own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Link } from '../../src/index.js'
import type { Entry } from '../contract/contexts.js'

export interface SocketPair extends AsyncDisposable {
  readonly near: Link
  readonly far: Link
}

export async function socketPair({ listenUnix, unixSocket }: Pick<Entry, 'listenUnix' | 'unixSocket'>): Promise<SocketPair> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-pair-'))
  const path = join(folder, 'pair.sock')
  const listener = await listenUnix({ path })
  const near = await unixSocket({ path }).open()
  const { value: far } = await listener.accept()[Symbol.asyncIterator]().next()
  if (far === undefined) throw new Error('the listener has ended')
  return {
    near,
    far,
    async [Symbol.asyncDispose]() {
      await Promise.all([near.close(), far.close()])
      await listener[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
