/** The policies of the five systems, by the name that an upstream gives as its system. */
import { catsyphonPolicy } from './catsyphon.js'
import { cccPolicy } from './ccc.js'
import { ccccPolicy } from './cccc.js'
import { claudePolicy } from './claude.js'
import { cmdopHttpPolicy, cmdopPolicy } from './cmdop.js'

export { catsyphonPolicy, cccPolicy, ccccPolicy, claudePolicy, cmdopHttpPolicy, cmdopPolicy }
export { adminExchangePolicy, rawPolicy, type ExchangePolicy, type StreamPolicy, type Verdict } from './policy.js'
export type { ScopedRoute } from './routes.js'
export { pathClassifier } from './routes.js'
export { lineClassifier } from './lines.js'
