/** MSW handlers, one file for each system. An entry of its own, because it needs `msw`. */
export { messagesHandlers, type MessagesHandlersOptions } from './claude.js'
export { catsyphonHandlers, type CatsyphonHandlersOptions } from './catsyphon.js'
export { cmdopHandlers, type CmdopHandlersOptions } from './cmdop.js'
export { gatewayHandlers, type GatewayHandlers, type GatewayHandlersOptions } from './gateway.js'
