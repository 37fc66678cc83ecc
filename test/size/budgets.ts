/**
 * What each entry weighs at most, in KB of 1,000 bytes: everything that it exports, minified and compressed, as it loads at once.
 * `budget` is held by a test; `whole` too, for an entry with parts that load when they are first needed, all of them inside; `aim` is where
 * an entry is to come to, if it is not there yet. Raise a budget only with a reason in the same commit.
 */
export interface Budget {
  readonly budget: number
  readonly whole?: number
  readonly aim?: number
}

export const BUDGETS: Readonly<Record<string, Budget>> = {
  // With every policy, which no application brings along: see NO_POLICY and USES.
  '.': { budget: 10 },
  './web': { budget: 16.8, aim: 9 },
  './ccc': { budget: 6, whole: 11.2 },
  './cccc': { budget: 20.5 },
  './cccc/scopes': { budget: 2 },
  // With the scope of calls, which its page carries anyway: the client has it.
  './cccc/web': { budget: 10.7 },
  './claude': { budget: 20 },
  // Everything that ccflow gives, for those who want it at once.
  './claude/full': { budget: 33.5 },
  './claude/tools': { budget: 3.5 },
  './claude/sessions': { budget: 7 },
  './claude/pool': { budget: 4 },
  // Both read results with the meter that takes the differences of the CLI's totals.
  './claude/ops': { budget: 10.8 },
  './claude/reading': { budget: 5.8 },
  './claude/api': { budget: 12 },
  './claude/launch': { budget: 6 },
  './claude/scopes': { budget: 2.5 },
  './catsyphon': { budget: 9.5 },
  './catsyphon/outbox': { budget: 18 },
  './catsyphon/credentials': { budget: 3.5 },
  './catsyphon/scopes': { budget: 1 },
  './store/outbox': { budget: 9 },
  './web/accept': { budget: 8 },
  './web/indexeddb': { budget: 9 },
  // With the outbox and its way into the browser's database.
  './web/catsyphon': { budget: 29 },
  './cmdop': { budget: 33 },
  './cmdop/rest': { budget: 20.5 },
  './cmdop/scopes': { budget: 2 },
  './codec': { budget: 5 },
  './hub': { budget: 16 },
  './store': { budget: 5.5 },
  './otel': { budget: 4.5 },
  // With the guard's own reading of requests and the ways to every upstream.
  './gateway': { budget: 13.4 },
  // What every op, command, field, arm and path of the five systems needs.
  './gateway/policy': { budget: 10 },
}

/** They run on a server, or in a test: nobody waits for them to load over a network. Weighed and shown, not held. */
export const NOT_HELD: readonly string[] = [
  './node',
  './deno',
  './bun',
  './testing',
  './testing/msw',
  './testing/fake-claude',
  './testing/fake-cmdop',
  './claude/toon',
]

/** One export of an entry that has many, as a program that needs no more takes it. */
export const ALONE: readonly { readonly entry: string; readonly name: string; readonly budget: number }[] = [
  { entry: './cccc', name: 'createCccc', budget: 20 },
  { entry: './cccc', name: 'createCcccCore', budget: 9 },
  { entry: './claude', name: 'query', budget: 15.3 },
  // The way of a page to a server, ofetch inside.
  { entry: './web', name: 'fetchExchange', budget: 9 },
  { entry: './web', name: 'webSocketLink', budget: 7.8 },
  { entry: './web', name: 'gateway', budget: 16.3 },
]

/** The policies of the root, and what only they need. All the rest of the root, in one bundle, stays within `budget`. */
export const NO_POLICY: { readonly budget: number; readonly policies: readonly string[] } = {
  budget: 5,
  policies: [
    'circuitBreaker',
    'combined',
    'concurrency',
    'formatTrace',
    'judgeByCode',
    'log',
    'parseRetryAfter',
    'parseTrace',
    'retry',
    'retryWithBackoff',
    'slidingWindow',
    'tokenBucket',
    'trace',
    'traceEnvironment',
  ],
}

/** One export of the root, as an application uses it, and words of what it does not use, which must not come along. */
export const USES: readonly { readonly name: string; readonly budget: number; readonly without: readonly string[] }[] = [
  { name: 'SignalboxError', budget: 2.6, without: ['retry', 'circuitBreaker', 'tokenBucket', 'log', 'trace'] },
  { name: 'retry', budget: 4.8, without: ['circuitBreaker', 'tokenBucket', 'log', 'trace'] },
  { name: 'circuitBreaker', budget: 4.2, without: ['retry', 'tokenBucket', 'log', 'trace'] },
  { name: 'tokenBucket', budget: 5, without: ['retry', 'circuitBreaker', 'log', 'trace'] },
  { name: 'log', budget: 4.5, without: ['retry', 'circuitBreaker', 'tokenBucket'] },
  { name: 'trace', budget: 1, without: ['retry', 'circuitBreaker', 'tokenBucket', 'log'] },
]
