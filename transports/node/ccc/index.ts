/** CCC on this machine and on others. */
export { cccSocket, type CccSocketOptions } from './socket.js'
export {
  cccHistoryFiles,
  type CccFollowOptions,
  type CccHistoryFiles,
  type CccHistoryFilesOptions,
  type CccHistoryRange,
  type CccHistorySource,
  type Moment,
} from './history-files.js'
export type { CccHistoryPosition } from './history-follow.js'
export { cccForward, cccSsh, type CccForward, type CccForwardOptions, type CccSshOptions } from './ssh.js'
