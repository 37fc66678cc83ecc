/** Writes ../gen from the schema. A test runs it into a folder of its own and compares. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const bins = join(here, '../../../node_modules/.bin')
const buf = join(dirname(createRequire(import.meta.url).resolve('@bufbuild/buf/package.json')), 'bin/buf')
const [out] = process.argv.slice(2)
const template = readFileSync(join(here, 'buf.gen.yaml'), 'utf8')
const options = out === undefined ? [] : ['--template', writeTemplate(out)]
execFileSync(process.execPath, [buf, 'generate', ...options], {
  cwd: here,
  stdio: 'inherit',
  env: { ...process.env, PATH: `${bins}${delimiter}${process.env.PATH}` },
})

function writeTemplate(folder) {
  const file = join(folder, 'buf.gen.yaml')
  writeFileSync(file, template.replace('out: ../gen', `out: ${JSON.stringify(folder)}`).replace('clean: true', 'clean: false'))
  return file
}
