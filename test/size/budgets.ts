/**
 * What a program weighs that imports only the named exports, in KB of 1,000 bytes: bundled, minified and compressed with gzip -9; zod and
 * optional peers are not counted. A budget weighs a use and not an entrypoint, because splitting an entrypoint makes no program smaller.
 * Raise a budget only with a reason in the same commit.
 */
export interface Use {
  readonly entry: string
  readonly names: readonly string[]
  readonly budget: number
  /** Exports of the same entry that must not come along. */
  readonly without?: readonly string[]
}

export const USES: readonly Use[] = [
  { entry: '.', names: ['SignalboxError'], budget: 2.6, without: ['retry', 'circuitBreaker', 'tokenBucket', 'log', 'trace'] },
  { entry: '.', names: ['retry'], budget: 4.8, without: ['circuitBreaker', 'tokenBucket', 'log', 'trace'] },
  { entry: '.', names: ['circuitBreaker'], budget: 4.2, without: ['retry', 'tokenBucket', 'log', 'trace'] },
  { entry: '.', names: ['tokenBucket'], budget: 5, without: ['retry', 'circuitBreaker', 'log', 'trace'] },
  { entry: '.', names: ['log'], budget: 4.5, without: ['retry', 'circuitBreaker', 'tokenBucket'] },
  { entry: '.', names: ['trace'], budget: 1, without: ['retry', 'circuitBreaker', 'tokenBucket', 'log'] },
  { entry: './otel', names: ['otel'], budget: 4.5 },
  { entry: './codec', names: ['ndjsonDecoder', 'encodeNdjson'], budget: 4 },

  // These sizes include ofetch.
  { entry: './web', names: ['fetchExchange'], budget: 9.2, without: ['webSocketLink', 'indexedDbStore'] },
  { entry: './web', names: ['webSocketLink'], budget: 7.8 },
  { entry: './web', names: ['messagePortLink'], budget: 7.8 },
  { entry: './web', names: ['gateway'], budget: 17.6 },
  { entry: './web', names: ['acceptWebSocket'], budget: 8 },
  { entry: './web', names: ['indexedDbStore'], budget: 9 },
  // The client's outbox and its driver for the browser's database are inside.
  { entry: './web', names: ['catsyphonPage', 'flushOnHide'], budget: 32.5 },

  // Deadlines, calls and the redactor of the core, which every client has, are 7 KB of it.
  { entry: './ccc', names: ['createCcc'], budget: 12.4 },
  { entry: './ccc', names: ['createCccCore'], budget: 7.5 },

  // 46 ops and eleven methods of cccc-sdk 0.4.41 came after the aim of 20 KB was set; with 241 ops it was 19.8.
  { entry: './cccc', names: ['createCccc'], budget: 21.5 },
  { entry: './cccc', names: ['createCcccCore'], budget: 8.1 },
  // The table of operations brings the pairing operations along.
  { entry: './cccc/web', names: ['ccccWebPort'], budget: 11.5 },

  {
    // 2.9 KB are the parity with the agent SDK 0.3.332: 40 kinds of messages, 30 controls, input during a turn.
    entry: './claude',
    names: ['query'],
    budget: 21.8,
    without: ['createFullClaude', 'createProcessPool', 'createHookRegistry', 'launchPlan'],
  },
  {
    entry: './claude',
    names: ['createClaude'],
    budget: 27.8,
    without: ['createFullClaude', 'createProcessPool', 'createHookRegistry', 'launchPlan'],
  },
  { entry: './claude', names: ['createFullClaude'], budget: 42.3 },
  { entry: './claude', names: ['createClaude', 'createHookRegistry', 'createSdkMcpServer', 'tool'], budget: 29.9 },
  // A gateway checks and runs launches without a client.
  { entry: './claude', names: ['launchPlan', 'launchEnv'], budget: 6 },
  // Reading recordings needs no client.
  { entry: './claude', names: ['createDeriver', 'collectText'], budget: 6 },
  { entry: './claude/api', names: ['messagesApi'], budget: 12 },

  { entry: './catsyphon', names: ['createCatsyphon'], budget: 10, without: ['catsyphonOutbox', 'kvCredentials'] },
  // The outbox keeps recent items in memory, and looks at the session before a repeat: 3 KB more than in 0.1.0.
  { entry: './catsyphon', names: ['createCatsyphon', 'catsyphonOutbox'], budget: 26 },

  { entry: './store', names: ['memoryStore'], budget: 5.5, without: ['openOutbox'] },
  { entry: './store', names: ['openOutbox'], budget: 10.8 },
  { entry: './nats', names: ['natsStore'], budget: 14 },

  // Two protocols: the schema and the calls of the core 2.0, and the checks of arguments, came after the aim of 33 KB was set.
  { entry: './cmdop', names: ['createCmdop'], budget: 39.5 },
  // It checks answers by the schema, member by member.
  { entry: './cmdop/rest', names: ['cmdopRest'], budget: 22.5 },

  // The aim is 12. The shared NDJSON decoder, deadlines and errors are 6 of it.
  // Sessions that a person closes, the reason why an agent is offline, and answers that are checked before they win came later,
  // and then options and more folders of a session, and pages that are done.
  { entry: './acp', names: ['acpSource'], budget: 14.9 },

  { entry: './acp', names: ['serveAcp'], budget: 11 },
  { entry: './hub', names: ['createHubClient'], budget: 10 },
  // The aim is 16. Turns, asks and recovery are one object, so a program that lists agents carries them too. Of it, 3.2 are errors, redaction,
  // deadlines and streams, which every client has, and 2.7 the memory store. Sessions, sleeps and checks of answers were the last 0.8.
  { entry: './hub', names: ['createHub'], budget: 24.3, without: ['createSharedHub'] },
  { entry: './hub', names: ['createSharedHub'], budget: 29.7 },
  // Weighed alone. Beside its client a source adds 1.6 to 3.9 KB: the aim is 5.
  { entry: './hub', names: ['cccSource'], budget: 7.3 },
  { entry: './hub', names: ['ccccSource'], budget: 7 },
  { entry: './hub', names: ['claudeSource'], budget: 7 },
  { entry: './hub', names: ['cmdopSource'], budget: 7 },

  // The guard's reading of requests, the transports to every upstream, the audit log and the division of work between links are inside.
  { entry: './gateway', names: ['createGateway'], budget: 19.6 },
]

/**
 * Entrypoints without a budget: they run on a server, in a test, or only beside a client that has one. They are weighed as a whole and
 * shown in the table.
 */
export const WITHOUT_BUDGET: readonly string[] = [
  './node',
  './deno',
  './bun',
  './testing',
  './testing/msw',
  './testing/fake-claude',
  './testing/fake-cmdop',
  './claude/toon',
  './gateway/policy',
]
