/** Node: sockets, children and our own stdio. */
export { namedPipe, tcpSocket, unixSocket, type NamedPipeOptions, type TcpSocketOptions, type UnixSocketOptions } from './socket.js'
export {
  listenPipe,
  listenTcp,
  listenUnix,
  type ListenLimits,
  type ListenPipeOptions,
  type ListenTcpOptions,
  type ListenUnixOptions,
  type TcpListener,
} from './listen.js'
export { subprocess, type Command, type SubprocessOptions } from './subprocess.js'
export { NEVER_INHERITED, type Environment, type InheritOptions } from './environment.js'
export { processStdio } from './stdio.js'
export { serveGateway, type ServedGateway, type ServeGatewayOptions } from './gateway/serve.js'
export { loadPages, type Page, type Pages } from './gateway/pages.js'
export {
  listenWebSocket,
  nodeWebSocket,
  type ListenWebSocketOptions,
  type NodeWebSocketOptions,
  type WebSocketListener,
} from './web-socket.js'
export { ccccDaemon, ccccHome, discoverCccc, type CcccDaemonOptions } from './cccc.js'
export { claudeProcess, type ClaudeProcess, type ClaudeProcessOptions } from './claude.js'
export { findClaude, type ClaudeExecutable, type FindOptions } from './claude-find.js'
export * from './ccc/index.js'
export { cmdopCore, type CmdopCoreOptions } from './cmdop.js'
export { fileStore, type FileStoreOptions, type LogDamage } from './store-file.js'
export { catsyphonServer, type CatsyphonServer, type CatsyphonServerOptions } from './catsyphon.js'
export { fileCredentials, protectCredentials, type FileCredentialsOptions } from './catsyphon-credentials.js'
export { fileSessionStore, sqliteSessionStore, type SqliteSessionStoreOptions } from './session-stores.js'
export { openSqlite, type OpenSqliteOptions, type SqliteDatabase, type SqliteDriver, type SqlValue } from './sqlite.js'
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
} from './session-files.js'
