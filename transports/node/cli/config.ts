/** The configuration file of the gateway: checked as a whole before anything is opened, strange names included. */
import * as z from 'zod/mini'
import { SignalboxError } from '../../../src/errors.js'
import { SCOPES, type GatewayLimits } from '../../../src/gateway/index.js'
import { readTrusted } from '../gateway/trust.js'
import type { UpstreamConfig } from '../gateway/upstreams.js'

const text = z.optional(z.string().check(z.minLength(1)))
const count = z.optional(z.int().check(z.positive()))

const upstream = z.discriminatedUnion('system', [
  z.strictObject({ system: z.literal('ccc'), socket: text, maxLinks: count }),
  z.strictObject({ system: z.literal('cccc'), home: text, maxLinks: count }),
  z.strictObject({
    system: z.literal('claude'),
    path: text,
    cwd: text,
    env: z.optional(z.record(z.string(), z.union([z.string(), z.null()]))),
    launch: z.optional(z.record(z.string(), z.unknown())),
    maxLinks: count,
    maxMessageBytes: count,
  }),
  z.strictObject({ system: z.literal('cmdop'), binaryPath: text, generation: z.optional(z.literal([1, 2])), maxLinks: count }),
  z.strictObject({ system: z.literal('cmdop-relay'), baseUrl: text, tokenEnv: text }),
  z.strictObject({ system: z.literal('cmdop-platform'), baseUrl: text, tokenEnv: text }),
  z.strictObject({
    system: z.literal('catsyphon'),
    serverUrl: z.string(),
    collectorId: text,
    apiKeyEnv: text,
    apiKeyFile: text,
    maxMessageBytes: count,
  }),
  z.strictObject({ system: z.literal('raw'), socket: text, port: count, maxLinks: count }),
])

const limitNames = [
  'maxMessageBytes',
  'maxJsonDepth',
  'maxJsonNodes',
  'maxBytesPerSecond',
  'maxFrameBytes',
  'maxConnections',
  'maxConnectionsPerCredential',
  'maxLinksPerCredential',
  'maxLinksPerUpstream',
  'maxChildrenPerUpstream',
  'maxCalls',
  'maxWrongPins',
  'maxBufferedBytes',
  'maxHeaderBytes',
  'headersTimeoutMs',
  'bodyTimeoutMs',
  'openTimeoutMs',
  'idleTimeoutMs',
  'stallTimeoutMs',
  'drainTimeoutMs',
] as const satisfies readonly (keyof GatewayLimits)[]

const config = z.strictObject({
  host: text,
  port: z.optional(z.int().check(z.nonnegative(), z.lte(65_535))),
  allowedHosts: z.optional(z.array(z.string())),
  allowedOrigins: z.optional(z.array(z.string())),
  scopes: z.optional(z.array(z.enum(SCOPES))),
  tokenFile: text,
  pages: text,
  stateFolder: text,
  tls: z.optional(
    z.strictObject({
      keyFile: z.string(),
      certFile: z.string(),
      clients: z.optional(
        z.array(
          z.strictObject({
            name: z.string(),
            fingerprint: z.string(),
            scopes: z.optional(z.array(z.enum(SCOPES))),
            upstreams: z.optional(z.array(z.string())),
          }),
        ),
      ),
      requireClientCertificate: z.optional(z.boolean()),
    }),
  ),
  dangerouslyListenBeyondLoopback: z.optional(z.boolean()),
  limits: z.optional(z.strictObject(Object.fromEntries(limitNames.map((name) => [name, count])))),
  upstreams: z.optional(z.record(z.string(), upstream)),
})

type Parsed = z.output<typeof config>

export interface FileConfig extends Omit<Parsed, 'limits' | 'upstreams'> {
  readonly limits?: Partial<GatewayLimits> | undefined
  readonly upstreams?: Readonly<Record<string, UpstreamConfig>> | undefined
}

export function parseConfig(source: string, where: string): FileConfig {
  const wrong = (why: string): SignalboxError =>
    new SignalboxError({
      code: 'invalid_argument',
      message: `${where} is not a configuration of the gateway: ${why}.`,
      hint: 'See docs/gateway.md.',
    })
  let value: unknown
  try {
    value = JSON.parse(source)
  } catch {
    // The parser's own message would quote the file.
    throw wrong('it is not JSON')
  }
  const result = config.safeParse(value)
  if (result.success) return result.data as FileConfig
  const [issue] = result.error.issues
  const keys = issue?.code === 'unrecognized_keys' ? ` (${issue.keys.join(', ')})` : ''
  throw wrong(`${issue?.path.map(String).join('.') || 'its top'}: ${issue?.message ?? 'does not fit'}${keys}`)
}

/** The file decides which programs are started on this machine, so only its user may be able to write it. */
export async function readConfig(path: string): Promise<FileConfig> {
  return parseConfig(await readTrusted(path), path)
}
