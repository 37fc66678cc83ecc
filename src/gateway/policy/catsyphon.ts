/** CatSyphon: HTTP, judged by method and path. */
import { CATSYPHON_ROUTES } from '../../catsyphon/scopes.js'
import type { ExchangePolicy } from './policy.js'
import { pathClassifier } from './routes.js'

/** CatSyphon: requests judged by method and path. */
export const catsyphonPolicy = {
  kind: 'exchange',
  classify: /* @__PURE__ */ pathClassifier(CATSYPHON_ROUTES),
} as const satisfies ExchangePolicy
