/** CCCC over its web port, for pages: a second kind of transport for `createCccc`. */
export { ccccWebPort, type CcccWebPort, type CcccWebPortOptions } from './wire.js'
export type { CcccWebSocket, CcccWebTerminals } from './terminal.js'
