/**
 * A file of 64 KiB that keeps disk space for the writes that make space. On a full disk a queue could not be delivered, because its lease and
 * its acknowledgement are writes, and without delivery nothing is deleted. These writes may use the reserve; new entries are refused until
 * the reserve is there again.
 */
import { mkdir, open, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { isDiskFull } from './disk.js'

export interface Reserve {
  /** Call it before something new is stored. Rejects when there is no space for the reserve. */
  keep(): Promise<void>
  /** For writes that must work on a full disk. The work may run twice: again after the reserve was given up. */
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
        // Random bytes: some file systems store no blocks for zeros.
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
        // A missing file was released earlier, by this or another process.
        await unlink(path).catch(() => {})
        return await work()
      }
    },
  }
}
