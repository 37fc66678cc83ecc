/** Examples and the playground import the package by name. The compiler must find the sources, because a fresh clone has no build. */
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { types: string }>
}
const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
const { options } = ts.parseJsonConfigFileContent(config, { ...ts.sys, readDirectory: () => [] }, root)

describe('the paths of tsconfig.json', () => {
  const entries = Object.entries(exports).flatMap(([key, target]) =>
    typeof target === 'string' ? [] : [[`signalbox${key.slice(1)}`, target.types] as const],
  )
  test.each(entries)('%s is found as a source, not as a build', (name, types) => {
    const found = ts.resolveModuleName(name, join(root, 'playground', 'any.ts'), options, ts.sys).resolvedModule
    const source = types.replace('./dist/types/', '').replace(/\.d\.ts$/, '.ts')
    expect(found && relative(root, found.resolvedFileName)).toBe(source)
  })
})
