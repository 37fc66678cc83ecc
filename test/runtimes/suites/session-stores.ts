/**
 * The session store over every SQLite that this runtime has, and over files: the built package, with the drivers it finds by
 * itself.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCases, sessionStoreCases } from '../../../src/testing/index.js'
import { fileSessionStore, openSqlite, sqliteSessionStore, type SqliteDriver } from '../../../transports/node/index.js'
import type { Suite } from './environment.js'

/** What a runtime must have by itself; the installed ones are tried wherever they load. */
const OWN: Readonly<Record<string, SqliteDriver>> = {
  'node-newest': 'node:sqlite',
  bun: 'bun:sqlite',
  deno: 'node:sqlite',
}
const DRIVERS: readonly SqliteDriver[] = ['node:sqlite', 'bun:sqlite', 'libsql', 'better-sqlite3']

/** Its executables need Node 22 and end an older process without a message; the other runtimes have their own drivers. */
const mayLoad = (driver: SqliteDriver, runtime: string): boolean => driver !== 'better-sqlite3' || runtime === 'node-newest'

async function isHere(driver: SqliteDriver): Promise<boolean> {
  try {
    const database = await openSqlite(':memory:', { driver })
    database.close()
    return true
  } catch {
    return false
  }
}

const suite = (name: string, run: (room: string) => Promise<Awaited<ReturnType<Suite['run']>>>): Suite => ({
  name,
  async run() {
    const room = await mkdtemp(join(tmpdir(), 'signalbox-session-stores-'))
    try {
      return await run(room)
    } finally {
      await rm(room, { recursive: true, force: true })
    }
  },
})

export async function sessionStoreSuites(runtime: string): Promise<Suite[]> {
  let count = 0
  const next = (room: string): string => {
    count += 1
    return join(room, String(count))
  }
  const suites = [
    suite('sessions in files', (room) => runCases(sessionStoreCases, { open: async () => fileSessionStore(next(room)) })),
  ]
  for (const driver of DRIVERS) {
    if (OWN[runtime] !== driver && !(mayLoad(driver, runtime) && (await isHere(driver)))) continue
    suites.push(
      suite(`sessions over ${driver}`, (room) =>
        runCases(sessionStoreCases, { open: async () => sqliteSessionStore(`${next(room)}.db`, { driver }) })),
    )
  }
  return suites
}
