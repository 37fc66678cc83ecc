/** Files that are generated from the program and are part of the package. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { manPage } from '../../transports/node/cli/program/man.js'
import { names } from '../../transports/node/cli/program/table.js'
import { settingsJsonSchema } from '../../transports/node/cli/settings/schema.js'

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const manifest = JSON.parse(readFileSync(path('package.json'), 'utf8')) as { man: string; files: string[] }

describe('the manual page', () => {
  test('is that of the table of commands; npm run generate:cli makes it again [cli.man]', async () => {
    expect(readFileSync(path(manifest.man), 'utf8')).toBe(await manPage())
  })

  test('has each command, and a formatter reads it without a warning [cli.man]', async ({ skip }) => {
    for (const name of names()) expect(await manPage()).toContain(`.SS signalbox ${name}`)
    const groff = spawnSync('groff', ['-man', '-Tutf8', '-P-cbou', '-ww', path(manifest.man)], { encoding: 'utf8' })
    if (groff.error) skip('groff is not installed')
    expect(groff.stderr).toBe('')
    expect(groff.stdout).toContain('Which tests fail?"')
  })
})

test('the JSON Schema of the configuration is in the package, and is that of the program [cli.schema]', () => {
  expect(manifest.files).toContain('man')
  expect(JSON.parse(readFileSync(path('man/config.schema.json'), 'utf8'))).toEqual(settingsJsonSchema())
})
