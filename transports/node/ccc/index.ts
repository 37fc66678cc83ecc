/** CCC on this machine and on others. */
export { cccSocket, type CccSocketOptions } from './socket.js'
export {
  cccHistoryFiles,
  type CccHistoryFiles,
  type CccHistoryFilesOptions,
  type FollowOptions,
  type HistoryPosition,
  type HistoryRange,
} from './history-files.js'
export { cccForward, cccSsh, type CccForward, type CccForwardOptions, type CccSshOptions } from './ssh.js'
