/** Session stores that outlive the process: SQLite with ccflow's tables, so that its databases open here, and plain files. */
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { kvSessionStore, storeError } from '../../../src/claude/session/store.js'
import { readSettings } from '../../../src/claude/ops/settings.js'
import {
  matchesFilter,
  metadataOf,
  pageOf,
  type SessionFilter,
  type SessionMetadata,
  type SessionState,
  type SessionStatus,
  type SessionStore,
} from '../../../src/claude/session/state.js'
import { openSqlite, type OpenSqliteOptions, type SqliteDatabase, type SqlValue } from '../store/sqlite.js'
import { fileStore } from '../store/file.js'

/** In files under a folder; safe against crashes and other processes as the file store is. */
export function fileSessionStore(directory: string): SessionStore {
  const store = fileStore({ directory })
  const sessions = kvSessionStore(store.kv('sessions'))
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= sessions.close().then(() => store[Symbol.asyncDispose]())
    return closing
  }
  return { ...sessions, close, [Symbol.asyncDispose]: close }
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS sessions (
  session_id TEXT PRIMARY KEY, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, status TEXT NOT NULL, model TEXT NOT NULL,
  system_prompt TEXT, append_system_prompt TEXT, turn_count INTEGER DEFAULT 0, total_input_tokens INTEGER DEFAULT 0,
  total_output_tokens INTEGER DEFAULT 0, total_cost_usd REAL DEFAULT 0, messages_hash TEXT DEFAULT '', last_prompt TEXT DEFAULT '',
  last_response TEXT DEFAULT '', tags TEXT DEFAULT '[]', metadata TEXT DEFAULT '{}', toon_savings_ratio REAL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY);
INSERT OR IGNORE INTO schema_version (version) VALUES (1);
CREATE INDEX IF NOT EXISTS idx_sessions_created_at ON sessions (created_at);
CREATE INDEX IF NOT EXISTS idx_sessions_updated_at ON sessions (updated_at);
CREATE INDEX IF NOT EXISTS idx_sessions_status ON sessions (status);
CREATE INDEX IF NOT EXISTS idx_sessions_model ON sessions (model);
`

/** Columns in the order of the table. */
const COLUMNS = [
  'session_id',
  'created_at',
  'updated_at',
  'status',
  'model',
  'system_prompt',
  'append_system_prompt',
  'turn_count',
  'total_input_tokens',
  'total_output_tokens',
  'total_cost_usd',
  'messages_hash',
  'last_prompt',
  'last_response',
  'tags',
  'metadata',
  'toon_savings_ratio',
] as const

const SAVE = `INSERT INTO sessions (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})
  ON CONFLICT (session_id) DO UPDATE SET ${COLUMNS.slice(1)
    .map((column) => `${column} = excluded.${column}`)
    .join(', ')}`

/** Options of `sqliteSessionStore`. */
export interface SqliteSessionStoreOptions extends OpenSqliteOptions {
  /** How long a write waits for another process. Default 30 seconds. */
  readonly busyTimeoutMs?: number
}

/** The path, else CCFLOW_SESSION_STORAGE_PATH or SIGNALBOX_SESSION_STORAGE_PATH, else `~/.ccflow/sessions.db`. Opened at first use. */
export function sqliteSessionStore(path?: string, options: SqliteSessionStoreOptions = {}): SessionStore {
  const { busyTimeoutMs = 30_000 } = options
  const file = path ?? readSettings(process.env).sessionStoragePath ?? join(homedir(), '.ccflow', 'sessions.db')
  let opening: Promise<SqliteDatabase> | undefined
  let closed = false

  const open = async (): Promise<SqliteDatabase> => {
    if (file !== ':memory:') await mkdir(dirname(file), { recursive: true })
    const database = await openSqlite(file, options)
    try {
      database.exec(`PRAGMA busy_timeout = ${Math.max(0, Math.floor(busyTimeoutMs))}`)
      database.exec('PRAGMA journal_mode = WAL')
      database.exec('PRAGMA synchronous = NORMAL')
      database.exec(SCHEMA)
      return database
    } catch (error) {
      // The next call opens the database again.
      database.close()
      throw error
    }
  }
  const attempt = async <Result>(operation: string, work: (database: SqliteDatabase) => Result): Promise<Result> => {
    try {
      if (closed) throw new Error('the store is closed')
      opening ??= open()
      return work(await opening)
    } catch (error) {
      if (!closed) void opening?.catch(() => (opening = undefined))
      throw storeError(operation, error)
    }
  }
  const matching = (database: SqliteDatabase, filter: SessionFilter): SessionMetadata[] => {
    const { where, values } = conditions(filter)
    // The rows that SQL selected are filtered once more, because rows of ccflow hold local times.
    return database
      .all(`SELECT * FROM sessions${where}`, ...values)
      .map((row) => metadataOf(stateOf(row)))
      .filter((metadata) => matchesFilter(metadata, filter))
  }

  const store: SessionStore = {
    save: (state) => attempt('save', (database) => void database.run(SAVE, ...rowOf(state))),
    load: (sessionId) =>
      attempt('load', (database) => {
        const [row] = database.all('SELECT * FROM sessions WHERE session_id = ?', sessionId)
        return row ? stateOf(row) : null
      }),
    delete: (sessionId) =>
      attempt('delete', (database) => database.run('DELETE FROM sessions WHERE session_id = ?', sessionId) > 0),
    exists: (sessionId) =>
      attempt('exists', (database) => database.all('SELECT 1 AS found FROM sessions WHERE session_id = ?', sessionId).length > 0),
    list: (filter = {}) => attempt('list', (database) => pageOf(matching(database, filter), filter)),
    count: (filter = {}) => attempt('count', (database) => matching(database, filter).length),
    cleanup: (updatedBefore) =>
      attempt('cleanup', (database) =>
        database.run("DELETE FROM sessions WHERE status <> 'active' AND updated_at < ?", updatedBefore),
      ),
    updateStatus: (sessionId, status) =>
      attempt('updateStatus', (database) => {
        const now = new Date().toISOString()
        return database.run('UPDATE sessions SET status = ?, updated_at = ? WHERE session_id = ?', status, now, sessionId) > 0
      }),
    async close() {
      closed = true
      const database = await opening?.catch(() => undefined)
      opening = undefined
      database?.close()
    },
    [Symbol.asyncDispose]: () => store.close(),
  }
  return store
}

/** Only values are bound and only fixed text is joined: nothing of a filter becomes SQL. */
function conditions({ status, model, tags, minTurns, maxTurns }: SessionFilter): { where: string; values: SqlValue[] } {
  const parts: string[] = []
  const values: SqlValue[] = []
  const add = (sql: string, ...more: SqlValue[]): void => {
    parts.push(sql)
    values.push(...more)
  }
  if (status !== undefined) add('status = ?', status)
  if (model !== undefined) add('model = ?', model)
  if (minTurns !== undefined) add('turn_count >= ?', minTurns)
  if (maxTurns !== undefined) add('turn_count <= ?', maxTurns)
  if (tags !== undefined && tags.length > 0) {
    add(`EXISTS (SELECT 1 FROM json_each(sessions.tags) WHERE json_each.value IN (${tags.map(() => '?').join(', ')}))`, ...tags)
  }
  return { where: parts.length === 0 ? '' : ` WHERE ${parts.join(' AND ')}`, values }
}

function rowOf(state: SessionState): SqlValue[] {
  return [
    state.sessionId,
    state.createdAt,
    state.updatedAt,
    state.status,
    state.model,
    state.systemPrompt,
    state.appendSystemPrompt,
    state.turnCount,
    state.totalInputTokens,
    state.totalOutputTokens,
    state.totalCostUsd,
    state.messagesHash,
    state.lastPrompt,
    state.lastResponse,
    JSON.stringify(state.tags),
    JSON.stringify(state.metadata),
    state.toonSavingsRatio,
  ]
}

function stateOf(row: Readonly<Record<string, unknown>>): SessionState {
  const text = (name: string): string => String(row[name] ?? '')
  const textOrNull = (name: string): string | null => (row[name] === null || row[name] === undefined ? null : String(row[name]))
  const count = (name: string): number => Number(row[name] ?? 0)
  return {
    sessionId: text('session_id'),
    createdAt: asUtc(text('created_at')),
    updatedAt: asUtc(text('updated_at')),
    status: text('status') as SessionStatus,
    model: text('model'),
    systemPrompt: textOrNull('system_prompt'),
    appendSystemPrompt: textOrNull('append_system_prompt'),
    turnCount: count('turn_count'),
    totalInputTokens: count('total_input_tokens'),
    totalOutputTokens: count('total_output_tokens'),
    totalCostUsd: count('total_cost_usd'),
    messagesHash: text('messages_hash'),
    lastPrompt: text('last_prompt'),
    lastResponse: text('last_response'),
    tags: parsed(text('tags'), []),
    metadata: parsed(text('metadata'), {}),
    toonSavingsRatio: count('toon_savings_ratio'),
  }
}

/** ccflow writes local times without a zone. */
function asUtc(time: string): string {
  if (time.endsWith('Z')) return time
  const at = new Date(time)
  return Number.isNaN(at.getTime()) ? time : at.toISOString()
}

function parsed<Value>(json: string, fallback: Value): Value {
  try {
    return JSON.parse(json) as Value
  } catch {
    return fallback
  }
}
