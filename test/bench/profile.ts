/** Where the time of a processor profile goes, by source file. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** The bundler names the source of each part in a comment before it. */
const SOURCE = /^\/\/ ((?:src|transports|test|node_modules)\/\S+)$/

function createSources(): (url: string, line: number) => string | undefined {
  const known = new Map<string, readonly (string | undefined)[]>()
  const read = (url: string): readonly (string | undefined)[] => {
    let source: string | undefined
    return readFileSync(fileURLToPath(url), 'utf8')
      .split('\n')
      .map((line) => (source = SOURCE.exec(line)?.[1] ?? source))
  }
  return (url, line) => {
    if (!url.includes('/bench/')) return undefined
    const lines = known.get(url) ?? read(url)
    known.set(url, lines)
    return lines[line]
  }
}

/** Native functions, such as a write to a socket, are named; the modules of Node and of packages are taken together. */
function placeOf(
  { functionName, url, lineNumber }: Profile['nodes'][number]['callFrame'],
  sourceOf: ReturnType<typeof createSources>,
) {
  if (url === '') return functionName === '(program)' ? 'native code' : `native ${functionName.replace(/[()]/g, '')}`
  if (url.startsWith('node:'))
    return url.includes('undici') ? 'node: fetch (undici)' : url.replace('node:internal/', 'node:').replace(/\/.*/, '')
  return sourceOf(url, lineNumber) ?? /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? url.split('/').slice(-2).join('/')
}

export interface ProfileTable {
  readonly text: string
  readonly markdown: string
}

export function profileTable(path: string, most: number): ProfileTable {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(path, 'utf8')) as Profile
  const sourceOf = createSources()
  const own = new Map<number, number>()
  for (const [index, id] of samples.entries()) own.set(id, (own.get(id) ?? 0) + (timeDeltas[index] ?? 0))
  const places = new Map<string, number>()
  let total = 0
  for (const { id, callFrame } of nodes) {
    const spent = own.get(id) ?? 0
    if (callFrame.functionName === '(idle)' || spent === 0) continue
    const place = placeOf(callFrame, sourceOf)
    places.set(place, (places.get(place) ?? 0) + spent)
    total += spent
  }
  const rows = [...places].sort(([, one], [, other]) => other - one).slice(0, most)
  const share = (us: number): string => `${((100 * us) / total).toFixed(1)} %`
  return {
    text: rows.map(([place, us]) => `${share(us).padStart(7)}  ${(us / 1000).toFixed(1).padStart(8)} ms  ${place}`).join('\n'),
    markdown: ['| share | where |', '| --- | --- |', ...rows.map(([place, us]) => `| ${share(us)} | \`${place}\` |`)].join('\n'),
  }
}
