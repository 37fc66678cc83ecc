/** The SQLite of this runtime, behind a few synchronous calls. */
import { SignalboxError } from '../../../src/errors.js'

/** A value that SQLite stores. */
export type SqlValue = string | number | null

/** An open database. */
export interface SqliteDatabase {
  /** Which one it is. */
  readonly driver: SqliteDriver
  /** Runs statements that return nothing. */
  exec(sql: string): void
  /** Gives how many rows changed. */
  run(sql: string, ...values: readonly SqlValue[]): number
  /** Runs a query and returns its rows. */
  all(sql: string, ...values: readonly SqlValue[]): readonly Readonly<Record<string, unknown>>[]
  /** Closes the database. */
  close(): void
}

/** The SQLite implementations that are supported. */
export type SqliteDriver = 'node:sqlite' | 'bun:sqlite' | 'libsql' | 'better-sqlite3'

/** The common part of the four implementations, with their names. */
interface NativeDatabase {
  exec(sql: string): unknown
  prepare(sql: string): {
    run(...values: readonly SqlValue[]): { readonly changes: number | bigint }
    all(...values: readonly SqlValue[]): readonly unknown[]
  }
  close(): unknown
}
type Constructor = new (path: string) => NativeDatabase

const DRIVERS: readonly SqliteDriver[] = ['bun:sqlite', 'node:sqlite', 'libsql', 'better-sqlite3']
const CLASSES: Readonly<Record<SqliteDriver, string>> = {
  'bun:sqlite': 'Database',
  'node:sqlite': 'DatabaseSync',
  libsql: 'default',
  'better-sqlite3': 'default',
}

/** Options of `openSqlite`. */
export interface OpenSqliteOptions {
  /** The implementation to use. Default: the runtime's own, otherwise an installed package. */
  readonly driver?: SqliteDriver
}

/**
 * Opens a database with the runtime's own SQLite, otherwise with an installed package. Fails with `unsupported` without any.
 */
export async function openSqlite(path: string, { driver }: OpenSqliteOptions = {}): Promise<SqliteDatabase> {
  const tried: string[] = []
  for (const candidate of driver === undefined ? DRIVERS : [driver]) {
    const Database = await load(candidate)
    if (Database) return wrap(opened(Database, path), candidate)
    tried.push(candidate)
  }
  throw new SignalboxError({
    code: 'unsupported',
    message: `There is no SQLite here (looked for ${tried.join(', ')}).`,
    hint: 'Run on Node 22.5 or later, Bun or Deno, or install libsql or better-sqlite3.',
    op: 'openSqlite',
  })
}

function opened(Database: Constructor, path: string): NativeDatabase {
  try {
    return new Database(path)
  } catch (cause) {
    throw new SignalboxError({
      code: 'unavailable',
      message: `The database ${path} cannot be opened.`,
      hint: 'Look at its folder and its rights; see cause.',
      op: 'openSqlite',
      sent: 'no',
      cause,
    })
  }
}

async function load(driver: SqliteDriver): Promise<Constructor | undefined> {
  try {
    // The name is not written out, so that bundlers do not take an optional peer for a dependency.
    const module = (await import(/* @vite-ignore */ driver)) as Readonly<Record<string, unknown>>
    const found = module[CLASSES[driver]]
    return typeof found === 'function' ? (found as Constructor) : undefined
  } catch {
    return undefined
  }
}

function wrap(native: NativeDatabase, driver: SqliteDriver): SqliteDatabase {
  return {
    driver,
    exec: (sql) => void native.exec(sql),
    run: (sql, ...values) => Number(native.prepare(sql).run(...values).changes),
    all: (sql, ...values) => native.prepare(sql).all(...values) as readonly Readonly<Record<string, unknown>>[],
    close: () => void native.close(),
  }
}
