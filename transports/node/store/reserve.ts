/**
 * A few blocks kept back. On a full disk nothing could be delivered, because holding a lane and noting what was delivered take a write;
 * and nothing that is not delivered makes room. So those writes may use the reserve, and new entries wait until it is whole again.
 */
import { mkdir, open, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { isDiskFull } from './disk.js'

export interface Reserve {
  /** Before something new is stored. Rejects when there is no room for the reserve itself. */
  keep(): Promise<void>
  /** For writes that must be possible on a full disk. The work is done again once the reserve is given up, so it must bear that. */
  spend<T>(work: () => Promise<T>): Promise<T>
}

const BYTES = 64 * 1024

export function createReserve(directory: string): Reserve {
  const path = join(directory, 'reserve')
  let isWhole = false
  let making: Promise<void> | undefined

  const make = async (): Promise<void> => {
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    )
    if (size < BYTES) {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      const handle = await open(path, 'w', 0o600)
      try {
        // Not zeros, which some file systems do not store.
        await handle.writeFile(crypto.getRandomValues(new Uint8Array(BYTES)))
        await handle.datasync()
      } catch (error) {
        await unlink(path).catch(() => {})
        throw error
      } finally {
        await handle.close()
      }
    }
    isWhole = true
  }

  return {
    async keep() {
      if (isWhole) return
      making ??= make().finally(() => {
        making = undefined
      })
      await making
    },
    async spend(work) {
      try {
        return await work()
      } catch (error) {
        if (!isDiskFull(error)) throw error
        isWhole = false
        // Gone already means that it was spent before, here or by another process.
        await unlink(path).catch(() => {})
        return await work()
      }
    },
  }
}
