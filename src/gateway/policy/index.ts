/**
 * The policies of the five systems, and the tables behind them: what each op, command, launch field, line, envelope and path needs. An entry of
 * its own, because a gateway in a worker brings along only those of its upstreams.
 */
export { catsyphonPolicy } from './catsyphon.js'
export { cccPolicy } from './ccc.js'
export { ccccPolicy } from './cccc.js'
export { claudePolicy } from './claude.js'
export { cmdopHttpPolicy, cmdopPolicy } from './cmdop.js'
export { cmdopV2Policy } from './cmdop-v2.js'
export { hubPolicy } from './hub.js'
