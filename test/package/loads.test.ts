/** What an entrypoint loads when it is imported: read from the imports of the built files, because a time would say more about the machine. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const dist = fileURLToPath(new URL('../../dist', import.meta.url))

/** The files and packages that a built file imports statically, itself included. */
function loadedBy(entry: string): { readonly text: string; readonly packages: ReadonlySet<string> } {
  const seen = new Map<string, string>()
  const packages = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(file)) return
    const text = readFileSync(file, 'utf8')
    seen.set(file, text)
    for (const [, from, bare] of text.matchAll(/^(?:import|export)\b[^;"]*?from\s*"([^"]+)";|^import "([^"]+)";/gm)) {
      const specifier = from ?? bare ?? ''
      if (specifier.startsWith('.')) visit(join(dirname(file), specifier))
      else packages.add(specifier)
    }
  }
  visit(join(dist, entry))
  return { text: [...seen.values()].join('\n'), packages }
}

describe.skipIf(!existsSync(join(dist, 'node.js')))('importing signalbox/node', () => {
  test('loads neither zod nor ofetch nor an HTTP server [package.loads]', () => {
    const { packages } = loadedBy('node.js')
    expect([...packages].filter((name) => !name.startsWith('node:'))).toEqual([])
    expect(packages).not.toContain('node:http')
    expect(packages).not.toContain('node:crypto')
  })

  test("loads neither the gateway's server nor the outbox [package.loads]", () => {
    const { text } = loadedBy('node.js')
    expect(text).toContain('// transports/node/link/socket.ts')
    expect(text).not.toContain('// transports/node/gateway/serve.ts')
    expect(text).not.toContain('// src/gateway/gateway.ts')
    expect(text).not.toContain('// src/catsyphon/outbox/prepare.ts')
  })
})

// A command line and a page load one of these at their start, and zod alone takes longer than they do.
describe.skipIf(!existsSync(join(dist, 'node.js')))('importing a client', () => {
  test.each(['ccc.js', 'cccc.js', 'claude.js', 'hub.js'])('%s loads no package [package.loads]', (entry) => {
    expect([...loadedBy(entry).packages]).toEqual([])
  })
})
