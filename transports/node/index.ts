/** Node: sockets, children and our own stdio. */
export {
  namedPipe,
  tcpSocket,
  unixSocket,
  type NamedPipeOptions,
  type TcpSocketOptions,
  type UnixSocketOptions,
} from './link/socket.js'
export {
  listenPipe,
  listenTcp,
  listenUnix,
  type ListenLimits,
  type ListenPipeOptions,
  type ListenTcpOptions,
  type ListenUnixOptions,
  type TcpListener,
} from './link/listen.js'
export { subprocess, type Command, type SubprocessOptions } from './link/subprocess.js'
export { NEVER_INHERITED, type Environment, type InheritOptions } from './link/environment.js'
export { processStdio } from './link/stdio.js'
export * from './gateway/index.js'
export { loadPages, type Page, type Pages } from './gateway/pages.js'
export {
  listenWebSocket,
  nodeWebSocket,
  type ListenWebSocketOptions,
  type NodeWebSocketOptions,
  type WebSocketListener,
} from './link/web-socket.js'
export { ccccDaemon, ccccHome, discoverCccc, type CcccDaemonOptions } from './cccc/daemon.js'
export { claudeProcess, type ClaudeProcess, type ClaudeProcessOptions } from './claude/process.js'
export { findClaude, type ClaudeExecutable, type FindOptions } from './claude/find.js'
export * from './ccc/index.js'
export { cmdopCore, type CmdopCoreOptions } from './cmdop/core-process.js'
export { fileStore, type FileStoreOptions, type LogDamage } from './store/file.js'
export { catsyphonServer, type CatsyphonServer, type CatsyphonServerOptions } from './catsyphon/server.js'
export { fileCredentials, protectCredentials, type FileCredentialsOptions } from './catsyphon/credentials.js'
export { fileSessionStore, sqliteSessionStore, type SqliteSessionStoreOptions } from './claude/session-stores.js'
export { openSqlite, type OpenSqliteOptions, type SqliteDatabase, type SqliteDriver, type SqlValue } from './store/sqlite.js'
export {
  followSessionFile,
  listSessionFiles,
  readSessionFile,
  type FollowOptions,
  type ReadSessionOptions,
  type SessionEntries,
  type SessionEntry,
  type SessionFile,
  type SessionFilesOptions,
} from './claude/session-files.js'
export {
  storedSessions,
  type PageOptions,
  type StoredMessage,
  type StoredSession,
  type StoredSessions,
} from './claude/stored-sessions.js'
export { acpProcess, type AcpProcessOptions } from './acp/process.js'
export { hubDirectory, hubFolder, type HubFolder, type HubFolderOptions } from './hub/folder.js'
export { hubSocket, listenHub, type HubListener, type HubSocketOptions, type ListenHubOptions } from './hub/socket.js'
