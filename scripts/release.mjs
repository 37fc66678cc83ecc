// Prepares a release: `npm run release -- 0.2.0`. Sets the version, dates the changelog, builds, packs, lints the package, tests the
// tarball in a clean folder and does a dry run of the publication. It publishes nothing: the last line names the command that does.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const [version, ...flags] = process.argv.slice(2)
if (!version || !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version)) {
  console.error('Usage: npm run release -- VERSION [--allow-dirty]   for example: npm run release -- 0.2.0')
  process.exit(2)
}

const npm = (args, cwd = root) => execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
const step = (name, work) => {
  console.log(`=== ${name}`)
  return work()
}

step('the working tree is clean', () => {
  const changed = execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' })
  if (changed && !flags.includes('--allow-dirty')) throw new Error(`Commit these changes first:\n${changed}`)
})

step(`version ${version}`, () => npm(['version', version, '--no-git-tag-version', '--allow-same-version']))

step('changelog', () => {
  const path = join(root, 'CHANGELOG.md')
  const text = readFileSync(path, 'utf8')
  if (text.includes(`## ${version}`)) return
  if (!text.includes('## Unreleased')) throw new Error('CHANGELOG.md has no "## Unreleased" heading')
  const today = new Date().toISOString().slice(0, 10)
  // Area headings without an entry are left out of the released section.
  const [before, rest] = text.split('## Unreleased')
  const end = rest.indexOf('\n## ')
  const section = (end < 0 ? rest : rest.slice(0, end)).replace(/### [^\n]+\n+(?=### |$)/g, '').trimEnd()
  writeFileSync(path, `${before}## Unreleased\n\n## ${version} - ${today}${section}\n${end < 0 ? '' : rest.slice(end)}`)
})

step('build', () => npm(['run', 'build']))
step('lint of the package', () => npm(['run', 'lint:package']))

const folder = mkdtempSync(join(tmpdir(), 'signalbox-release-'))
try {
  const [{ filename, size, files }] = step('pack', () => JSON.parse(npm(['pack', '--json', '--pack-destination', folder])))
  console.log(`${filename}: ${(size / 1000).toFixed(0)} KB, ${files.length} files`)

  step('tests of the tarball in a clean folder', () => {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
    npm(['install', '--no-audit', '--no-fund', join(folder, filename)], folder)
    const program = `
      import { readFileSync } from 'node:fs'
      const { exports } = JSON.parse(readFileSync('node_modules/signalbox/package.json', 'utf8'))
      // These need an optional peer, another runtime, or are executables that are started and not imported.
      const skipped = /toon|otel|msw|fake-|bun|deno|nats|package\\.json/
      for (const name of Object.keys(exports)) {
        if (skipped.test(name)) continue
        const module = await import(name.replace('.', 'signalbox'))
        if (Object.keys(module).length === 0) throw new Error(name + ' exports nothing')
      }
    `
    writeFileSync(join(folder, 'consumer.mjs'), program)
    execFileSync(process.execPath, ['consumer.mjs'], { cwd: folder, stdio: 'inherit' })
    execFileSync(process.execPath, ['node_modules/signalbox/dist/cli.js', 'help'], { cwd: folder, stdio: 'ignore' })
  })

  step('dry run of the publication', () => npm(['publish', '--dry-run', join(folder, filename)]))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`\nReady. Commit "Release ${version}", tag v${version}, then: npm publish`)
