/** The stream of a store: made at the first use, and checked for what the store relies on. */
import type { NatsConnection } from '@nats-io/nats-core'
import { SignalboxError } from '../../src/errors.js'
import { API } from './failures.js'
import type { JetStream } from './jetstream.js'
import type { Subjects } from './names.js'

/** Older servers refuse to replace a value in an atomic batch, or have no batches, no expiry of single messages and no reads of many messages. */
const FLOOR = [2, 14] as const
/** A publish that is repeated within this time is stored once. */
const DUPLICATES_NS = 120_000_000_000

interface StreamConfig {
  readonly subjects?: readonly string[]
  readonly discard?: string
  readonly max_age?: number
  readonly max_msgs?: number
  readonly max_msgs_per_subject?: number
  readonly [flag: string]: unknown
}

export interface StreamOptions {
  readonly replicas: number
  readonly maxBytes: number
}

/** Makes sure that the stream exists. Rejects with `incompatible` where the server or the stream lacks something. */
export async function openStream(
  jetstream: JetStream,
  connection: NatsConnection,
  subjects: Subjects,
  { replicas, maxBytes }: StreamOptions,
): Promise<void> {
  checkVersion(connection.info?.version)
  const label = 'The NATS store'
  const info = (expected: readonly number[]): Promise<{ config: StreamConfig } | undefined> =>
    jetstream.ask(label, 'STREAM.INFO', undefined, expected)
  let existing = await info([API.noStream])
  if (!existing) {
    const config = {
      name: subjects.stream,
      subjects: [subjects.stored],
      storage: 'file',
      retention: 'limits',
      // A full stream refuses new entries and keeps the old ones.
      discard: 'new',
      max_bytes: maxBytes,
      num_replicas: replicas,
      duplicate_window: DUPLICATES_NS,
      allow_rollup_hdrs: true,
      allow_direct: true,
      allow_msg_ttl: true,
      allow_atomic: true,
      republish: { src: subjects.logs, dest: subjects.announced, headers_only: true },
    }
    // Another process may make it at the same moment.
    existing = await jetstream.ask(label, 'STREAM.CREATE', config, [API.streamExists])
    existing ??= await info([])
  }
  if (existing) checkConfig(subjects, existing.config)
}

function checkVersion(version = ''): void {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  if (major > FLOOR[0] || (major === FLOOR[0] && minor >= FLOOR[1])) return
  throw new SignalboxError({
    code: 'incompatible',
    message: `The NATS server has version ${version || 'unknown'}; this store needs ${FLOOR.join('.')} or newer.`,
    hint: 'Install a newer nats-server, for example with "go install github.com/nats-io/nats-server/v2@latest". Packages of Linux distributions are older.',
    remoteCode: version,
  })
}

/** A server or an operator may have made the stream without something that the store relies on. */
function checkConfig({ stream, stored }: Subjects, config: StreamConfig): void {
  const missing = [
    ...['allow_rollup_hdrs', 'allow_direct', 'allow_msg_ttl', 'allow_atomic', 'republish'].filter((flag) => !config[flag]),
    ...(config.subjects?.includes(stored) === true ? [] : [`the subject ${stored}`]),
    ...(config.discard === 'new' ? [] : ['discard: new']),
    ...(['max_age', 'max_msgs', 'max_msgs_per_subject'] as const)
      .filter((limit) => (config[limit] ?? 0) > 0)
      .map((limit) => `no ${limit}`),
  ]
  if (missing.length === 0) return
  throw new SignalboxError({
    code: 'incompatible',
    message: `The stream ${stream} cannot hold a store: it needs ${missing.join(', ')}.`,
    hint: 'Use another prefix, or change the stream with "nats stream edit".',
  })
}
