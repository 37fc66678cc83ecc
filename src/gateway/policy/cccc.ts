/** CCCC: one JSON line a request, `op` says which. */
import { CCCC_RAW_OPS, ccccScopes } from '../../cccc/scopes.js'
import { lineClassifier } from './lines.js'
import type { StreamPolicy } from './policy.js'

/** CCCC: ops judged by name. */
export const ccccPolicy: StreamPolicy = {
  kind: 'stream',
  framing: 'ndjson',
  // An event stream is not raw: a client sends nothing after its request, and a further line would be judged like any other.
  classify: /* @__PURE__ */ lineClassifier('op', /* @__PURE__ */ ccccScopes(), CCCC_RAW_OPS),
}
