/**
 * The rules that the compiler and the linter do not check: no import cycle, and no function over 120 lines without a reason. Exceptions
 * stand in `known.json`, by folder and by function name; the list only shrinks.
 */
import { readFileSync } from 'node:fs'
import { cycles, importsOf } from './cycles.mjs'
import { longFunctions } from './functions.mjs'

const known = JSON.parse(readFileSync(new URL('known.json', import.meta.url), 'utf8'))
const failures = []
const hints = []

const inCycles = {}
const groups = cycles(importsOf())
for (const file of groups.flat()) {
  const folder = file
    .split('/')
    .slice(0, file.startsWith('src/') && file.split('/').length === 2 ? 1 : 2)
    .join('/')
  inCycles[folder] = (inCycles[folder] ?? 0) + 1
}
for (const folder of new Set([...Object.keys(inCycles), ...Object.keys(known.filesInCycles)])) {
  const now = inCycles[folder] ?? 0
  const allowed = known.filesInCycles[folder] ?? 0
  if (now > allowed) {
    const here = groups.filter((group) => group.some((file) => file.startsWith(folder)))
    failures.push(
      `${folder}: ${now} files import each other in a circle, ${allowed} are known:\n${here.map((group) => `  ${group.join('\n    ')}`).join('\n')}`,
    )
  } else if (now < allowed) hints.push(`${folder}: ${now} files in cycles; write that into scripts/rules/known.json`)
}

const long = longFunctions()
for (const { file, line, name, lines } of long) {
  const allowed = known.longFunctions[name]
  if (allowed === undefined || lines > allowed) {
    failures.push(`${file}:${line}: ${name} has ${lines} lines. Divide it, or give the reason in its comment: "Long because ...".`)
  }
}
for (const name of Object.keys(known.longFunctions)) {
  if (!long.some((found) => found.name === name))
    hints.push(`${name} is no longer too long; remove it from scripts/rules/known.json`)
}

if (process.argv.includes('--verbose')) for (const hint of hints) console.log(hint)
if (failures.length > 0) {
  console.error(failures.join('\n'))
  process.exitCode = 1
}
