/** Writes ../gen from the schema. A test runs it into a folder of its own and compares. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { descriptorText } from './descriptor-text.mjs'

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

const target = out ?? join(here, '../gen')
for (const name of readdirSync(target, { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('_pb.ts')) continue
  const file = join(target, name)
  writeFileSync(file, withText(readFileSync(file, 'utf8')))
}

/** The generated code as it is, but with its descriptor as text: see `../descriptor.ts`. */
function withText(code) {
  const [call, base64] = /fileDesc\("([A-Za-z0-9+/]+)"/.exec(code) ?? []
  if (call === undefined) throw new Error('The generator embeds its descriptors in another form now.')
  const { path, text } = descriptorText(base64)
  const above = '../'.repeat(path.split('/').length)
  return code
    .replace(call, () => `fileDesc(${JSON.stringify(path)}, \`\n${text}\n\``)
    .replace(/fileDesc, (.*codegenv2";\n)/, (_all, rest) => `${rest}import { fileDesc } from "${above}descriptor.js";\n`)
}

function writeTemplate(folder) {
  const file = join(folder, 'buf.gen.yaml')
  writeFileSync(file, template.replace('out: ../gen', `out: ${JSON.stringify(folder)}`).replace('clean: true', 'clean: false'))
  return file
}
