/**
 * Finishes the declarations after `tsc`: copies the file of global names beside them and refers to it from each entrypoint, so that a
 * program compiles without the types of a runtime and with `lib` ES2022 alone.
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const GLOBALS = 'dist/types/globals.d.ts'
copyFileSync(at('scripts/declarations/globals.d.ts'), at(GLOBALS))

const { exports } = JSON.parse(readFileSync(at('package.json'), 'utf8'))
for (const target of Object.values(exports)) {
  if (typeof target === 'string') continue
  const path = relative(dirname(at(target.types)), at(GLOBALS)).replaceAll('\\', '/')
  const reference = `/// <reference path="${path}" />\n`
  // The compiler copies the `#!` line of an executable. It is removed, because below the reference line it would be a syntax error.
  const text = readFileSync(at(target.types), 'utf8').replace(/^#!.*\n/, '')
  if (!text.startsWith(reference)) writeFileSync(at(target.types), reference + text)
}
