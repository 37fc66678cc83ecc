/** MSW handlers for each system. A separate entrypoint, because it needs the package `msw`. */
export { messagesHandlers, type MessagesHandlersOptions } from './claude.js'
export { catsyphonHandlers, type CatsyphonHandlersOptions } from './catsyphon.js'
export { cmdopHandlers, type CmdopHandlersOptions } from './cmdop.js'
export { gatewayHandlers, type GatewayHandlers, type GatewayHandlersOptions } from './gateway.js'
