/** CCC: one JSON line a request. */
import { CCC_SCOPES } from '../../ccc/scopes.js'
import { lineClassifier } from './lines.js'
import type { StreamPolicy } from './policy.js'

export const cccPolicy: StreamPolicy = {
  kind: 'stream',
  framing: 'ndjson',
  // After `subscribe` the server reads no more, so nothing can follow it unjudged.
  classify: lineClassifier('cmd', CCC_SCOPES),
}
