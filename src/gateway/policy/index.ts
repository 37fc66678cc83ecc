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
export { CATSYPHON_ROUTES } from '../../catsyphon/scopes.js'
export { CCC_SCOPES } from '../../ccc/scopes.js'
export { CCCC_RAW_OPS, ccccScopes } from '../../cccc/scopes.js'
export {
  answerScope,
  CLAUDE_CONTROL,
  CLAUDE_CONTROL_FIELDS,
  CLAUDE_INITIALIZE,
  CLAUDE_LAUNCH,
  type ClaudeRule,
  type ClaudeScope,
} from '../../claude/scopes.js'
export { CMDOP_ARMS, CMDOP_LAUNCH, CMDOP_ROUTES, type CmdopRoute, type CmdopScope } from '../../cmdop/scopes.js'
export type { Classification, Scope } from '../scopes.js'
export type { ExchangePolicy, LaunchFacts, LinkPolicy, StreamPolicy, UpstreamEvents, Verdict } from './policy.js'
export type { ScopedRoute } from './routes.js'
