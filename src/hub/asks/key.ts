/** The key of an ask in the store. */
import { sha256Hex } from '../../core/sha256.js'
import { MAX_KEY_CHARACTERS } from '../../store/rules.js'

/** The id itself, or its hash where the id is longer than a key may be. */
export function keyOf(askId: string): string {
  return askId.length <= MAX_KEY_CHARACTERS ? askId : `sha256:${sha256Hex(askId)}`
}
