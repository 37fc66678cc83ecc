/** Which names mark the value beside them as a secret, in JSON, headers, query strings, options and environment lines alike. */

const SECRET_NAME =
  /(?:passw(?:or)?d|passphrase|secret|apikey|(?:^|[_.\-\s])(?:pass(?:code)?|pwd|token|jwt|(?:api|access|private|secret|signing|encryption|master|session|account)[_-]?key|authorization|bearer|cookie|credential|ticket|otp|pin|sig))s?$/i

/** Names of amounts: `input_tokens`, `maxTokens`. Their values are not secrets. */
const AMOUNT_NAME =
  /(?:^|[_.\-\s])(?:input|output|max|min|total|prompt|completion|thinking|reasoning|cached|creation|read|budget|used|remaining)_?tokens$/i

/** Names such as `tokens`: a number under such a name is an amount, any other value is a secret. */
export const COUNTED_NAME = /(?:token|ticket|cookie|credential)s?$/i

/** Headers whose whole value is secret, spaces and semicolons included. */
export const HEADER_NAME = /^(?:(?:proxy-)?authorization|(?:set-)?cookie)$/i

/**
 * True for a name whose value is masked, such as `accessToken`, `x-api-key` or `DB_PASSWORD`, but not for amounts such as `input_tokens`.
 */
export function isSecretName(name: string): boolean {
  // Far longer than any name, so it is not worth a copy.
  if (name.length > 256) return false
  // camelCase is cut into words first, so that `accessToken` matches and `tokenizer` does not.
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2')
  return SECRET_NAME.test(words) && !AMOUNT_NAME.test(words)
}
