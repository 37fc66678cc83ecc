/** What a gateway could offer on this machine. Finding something does not offer it. */
import type { UpstreamConfig } from '../gateway/upstreams.js'
import { inspectAll } from './machine/inspect.js'

export interface Detected {
  readonly name: string
  readonly config: UpstreamConfig
  /** What works, in a few words; undefined when nothing usable was found. */
  readonly found?: string
  readonly why?: string
}

export async function detect(env: Readonly<Record<string, string | undefined>> = process.env): Promise<Detected[]> {
  return (await inspectAll(env)).map(({ system: name, status, version, problem, config }) =>
    status === 'works' ? { name, config, found: `answers, version ${version}` } : { name, config, why: problem ?? status },
  )
}
