/** The op table, unpacked: what a client must know about an op beyond its types. */
import * as z from 'zod/mini'
import { isEvent } from './shapes.js'
import { OP_TABLE } from './table.gen.js'

export interface OpInfo {
  readonly op: string
  readonly namespace: string
  /** The method's name in its namespace. */
  readonly method: string
  /** Only reads: a lost answer may be asked for again. */
  readonly reads: boolean
  /** May be made twice without a second effect. */
  readonly idempotent: boolean
  /** Takes over its connection. */
  readonly takesOver: boolean
  /** Has an effect even with empty arguments. */
  readonly unsafeToProbe: boolean
  readonly secret: boolean
  /** Whose name goes into `by` when the caller names nobody. */
  readonly by: 'client' | 'actor' | 'system' | undefined
  /** `s` and a key: a string stands there in every answer that was ever seen. */
  readonly expects: readonly string[]
}

export type OpTable = ReadonlyMap<string, OpInfo>

const camelCase = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** Reads the table; a client does it once. */
export function loadOps(text: string = OP_TABLE): OpTable {
  const table = new Map<string, OpInfo>()
  let namespace = ''
  let prefixes: readonly string[] = []
  for (const line of text.split('\n')) {
    if (line.startsWith('@')) {
      const [name = '', ...rest] = line.slice(1).split(' ')
      namespace = name
      prefixes = rest
      continue
    }
    const [names = '', flags = '', expects = ''] = line.split('|')
    const [op = '', renamed] = names.split('=')
    const prefix = prefixes.find((each) => op.startsWith(each) && op.length > each.length) ?? ''
    const reads = flags.includes('r')
    table.set(op, {
      op,
      namespace,
      method: renamed ?? camelCase(op.slice(prefix.length)),
      reads,
      idempotent: reads || flags.includes('i'),
      takesOver: flags.includes('s'),
      unsafeToProbe: flags.includes('x'),
      secret: flags.includes('k'),
      by: flags.includes('u') ? 'client' : flags.includes('a') ? 'actor' : flags.includes('y') ? 'system' : undefined,
      expects: expects === '' ? [] : expects.split(' '),
    })
  }
  return table
}

const HOLDS: Readonly<Record<string, () => z.ZodMiniType>> = {
  s: z.string,
  n: z.number,
  b: z.boolean,
  a: () => z.array(z.unknown()),
  o: () => z.record(z.string(), z.unknown()),
  e: () => z.custom(isEvent, { error: 'not an event' }),
}

/** Schemas of answers, made on first use and kept by the client: most clients use a handful of ops. */
export function createAnswerCheck(): (info: OpInfo, result: unknown) => { path: string; message: string } | undefined {
  const made = new Map<string, z.ZodMiniType>()
  const schemaOf = ({ op, expects }: OpInfo): z.ZodMiniType => {
    let schema = made.get(op)
    if (!schema) {
      const shape: Record<string, z.ZodMiniType> = {}
      for (const each of expects) shape[each.slice(1)] = (HOLDS[each[0] ?? ''] ?? z.unknown)()
      schema = z.looseObject(shape)
      made.set(op, schema)
    }
    return schema
  }
  return (info, result) => {
    if (info.expects.length === 0) return undefined
    const outcome = z.safeParse(schemaOf(info), result)
    const issue = outcome.error?.issues[0]
    return issue && { path: ['result', ...issue.path].join('.'), message: issue.message || issue.code || 'broken' }
  }
}
