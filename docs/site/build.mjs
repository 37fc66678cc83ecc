// Builds the documentation site into docs/site/dist: the pages of docs/, the README and an API reference of every entrypoint.
// The build fails on a dead link. `npm run docs` installs what this needs from its own lockfile and runs it.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const site = fileURLToPath(new URL('.', import.meta.url))
const root = join(site, '..', '..')
const work = join(site, '.build')
const run = (bin, args) =>
  execFileSync(process.execPath, [join(site, 'node_modules', bin), ...args], { cwd: site, stdio: 'inherit' })

rmSync(work, { recursive: true, force: true })
mkdirSync(join(work, 'pages'), { recursive: true })

// The pages. Links between them are relative already; links from the README and to files of the repository are rewritten.
const repository = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).repository.url.replace(/^git\+|\.git$/g, '')
const copied = new Set(['README', 'CONTRIBUTING', 'CHANGELOG', 'SECURITY'])
const rewrite = (text) =>
  text
    .replace(/\]\((?:\.\.\/|\.\/)?docs\/([\w-]+)\.md/g, '](./$1.md')
    .replace(
      /\]\((?:\.\.\/)?(README|CONTRIBUTING|CHANGELOG|SECURITY)\.md/g,
      (_, name) => `](./${name === 'README' ? 'index' : name.toLowerCase()}.md`,
    )
    .replace(/\]\((?:\.\.\/|\.\/)((?:playground|test|src|transports|scripts|docker|\.ci)\/[^)#]*)/g, `](${repository}/blob/main/$1`)
    .replace(/\]\(((?:playground|test|src|transports|scripts|docker|\.ci)\/[^)#]*)/g, `](${repository}/blob/main/$1`)
for (const name of copied) {
  const page = name === 'README' ? 'index' : name.toLowerCase()
  writeFileSync(join(work, 'pages', `${page}.md`), rewrite(readFileSync(join(root, `${name}.md`), 'utf8')))
}
for (const file of readdirSync(join(root, 'docs'))) {
  if (file.endsWith('.md')) writeFileSync(join(work, 'pages', file), rewrite(readFileSync(join(root, 'docs', file), 'utf8')))
}

// The API reference, one module an entrypoint.
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const entries = Object.entries(exports).flatMap(([name, target]) =>
  typeof target === 'string' ? [] : [{ name, source: target.types.replace('./dist/types/', '').replace(/\.d\.ts$/, '.ts') }],
)
writeFileSync(
  join(work, 'tsconfig.json'),
  JSON.stringify({
    extends: join(root, 'tsconfig.build.json'),
    compilerOptions: { rootDir: root, noEmit: true, typeRoots: [join(root, 'node_modules', '@types')] },
    include: entries.map(({ source }) => join(root, source)),
  }),
)
writeFileSync(
  join(work, 'typedoc.json'),
  JSON.stringify({
    plugin: [join(site, 'node_modules', 'typedoc-plugin-markdown', 'dist', 'index.js')],
    tsconfig: join(work, 'tsconfig.json'),
    entryPoints: entries.map(({ source }) => join(root, source)),
    out: join(work, 'pages', 'api'),
    name: 'API reference',
    readme: 'none',
    entryFileName: 'index',
    router: 'module',
    disableSources: true,
    excludeInternal: true,
    excludePrivate: true,
    sanitizeComments: true,
    logLevel: 'Error',
    skipErrorChecking: true,
  }),
)
run('typedoc/bin/typedoc', ['--options', join(work, 'typedoc.json')])

cpSync(join(site, '.vitepress'), join(work, 'pages', '.vitepress'), { recursive: true })
run('vitepress/bin/vitepress.js', ['build', join(work, 'pages'), '--outDir', join(site, 'dist')])
console.log('The site is in docs/site/dist.')
