/**
 * `npm run docs:check -- [folder...] [--list] [--gate]`: doc comments and examples of everything that the public entrypoints export.
 * Folders narrow the check and list what is missing. `--gate` fails when an exported value has no doc comment, when fewer than 80 % of the
 * members have one, or when a factory or a method has no example. An example that does not compile always fails.
 */
import { allExamples, failedExamples, programOf } from './examples.mjs'
import { entries, surface } from './surface.mjs'

const MEMBERS = 0.8
const folders = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const has = (flag) => process.argv.includes(flag)
const isMine = ({ file }) =>
  folders.length === 0 || folders.some((folder) => file.startsWith(folder.replace(/\/?$/, '/')) || file === folder)
const areaOf = (file) =>
  file
    .split('/')
    .slice(0, file.startsWith('src/') && file.split('/').length === 2 ? 1 : 2)
    .join('/')

const examples = allExamples().filter(isMine)
const { program, virtual } = programOf([...entries.values()], examples)
const rows = surface(program).filter(isMine)
const failed = failedExamples(program, virtual)

const counts = (kind, good) => (area) => {
  const all = rows.filter((row) => row.kind === kind && (area === undefined || areaOf(row.file) === area))
  return { good: all.filter(good).length, all: all.length }
}
const columns = {
  values: counts('value', ({ documented }) => documented),
  types: counts('type', ({ documented }) => documented),
  members: counts('member', ({ documented }) => documented),
  'factories with @example': counts('factory', ({ example }) => example),
  'methods with @example': counts('method', ({ example }) => example),
}
const shown = ({ good, all }) => (all === 0 ? '-' : `${good}/${all} ${Math.floor((100 * good) / all)}%`)
const areas = [...new Set(rows.map(({ file }) => areaOf(file)))].sort()
const table = [['documented:', ...Object.keys(columns)]]
for (const area of [...areas, undefined]) table.push([area ?? 'all', ...Object.values(columns).map((count) => shown(count(area)))])
const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)) + 2)
console.log(
  table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('')
        .trimEnd(),
    )
    .join('\n'),
)
console.log(`${examples.length} examples, ${new Set(failed.map(({ file, line }) => `${file}:${line}`)).size} do not compile`)

if (folders.length > 0 || has('--list')) {
  const missing = {
    'values without a doc comment': rows.filter((row) => row.kind === 'value' && !row.documented),
    'types without a doc comment': rows.filter((row) => row.kind === 'type' && !row.documented),
    'members without a doc comment': rows.filter((row) => row.kind === 'member' && !row.documented),
    'factories without an @example': rows.filter((row) => row.kind === 'factory' && !row.example),
    'methods without an @example': rows.filter((row) => row.kind === 'method' && !row.example),
  }
  for (const [title, list] of Object.entries(missing)) {
    if (list.length > 0) console.log(`\n${title}:\n${list.map(({ file, name }) => `  ${file}: ${name}`).join('\n')}`)
  }
}
if (failed.length > 0) {
  console.error(`\nexamples that do not compile:\n${failed.map(({ text }) => `  ${text}`).join('\n')}`)
  process.exitCode = 1
}
if (has('--gate')) {
  const { values, members, 'factories with @example': factories, 'methods with @example': methods } = columns
  const total = members()
  if (values().good < values().all) fail('An exported value has no doc comment; --list names it.')
  if (total.good < MEMBERS * total.all)
    fail(`Fewer than ${MEMBERS * 100} % of the members of exported interfaces have a doc comment.`)
  if (factories().good < factories().all) fail('A factory has no @example; --list names it.')
  if (methods().good < methods().all) fail('A method has no @example; --list names it.')
}

function fail(message) {
  console.error(message)
  process.exitCode = 1
}
