// Writes the manual page and the JSON Schema of the configuration, from the built program: `npm run build && npm run generate:cli`.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('..', import.meta.url)
const program = fileURLToPath(new URL('dist/cli.js', root))
const print = (...args) => execFileSync(process.execPath, [program, ...args], { encoding: 'utf8' })
mkdirSync(new URL('man/', root), { recursive: true })
writeFileSync(new URL('man/signalbox.1', root), print('help', 'man'))
writeFileSync(new URL('man/config.schema.json', root), print('config', 'schema'))
