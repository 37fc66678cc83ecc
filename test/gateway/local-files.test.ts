import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadPages } from '../../transports/node/index.js'
import { readTrusted } from '../../transports/node/gateway/trust.js'
import { writeTokenFile } from '../../transports/node/gateway/token-file.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-local-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('pages are found by name, with any spelling of their folder [gateway.pages.folder]', async () => {
  const pages = join(folder, 'pages')
  mkdirSync(join(pages, 'assets'), { recursive: true })
  writeFileSync(join(pages, 'index.html'), 'index')
  writeFileSync(join(pages, 'assets', 'main.js'), 'main')
  const here = relative(process.cwd(), pages)
  for (const written of [pages, `${pages}/`, `${pages}//`, `${folder}/./pages`, `${folder}/other/../pages`, here, `./${here}`]) {
    const table = await loadPages(written)
    expect([written, table.find('/') !== undefined, table.find('/assets/main.js?x') !== undefined]).toEqual([written, true, true])
  }
})

test('closing an old gateway leaves the token file of the gateway that replaced it [gateway.attack.private-files]', async () => {
  const path = join(folder, 'gateway.token')
  const first = await writeTokenFile(path, 'sbx_token_one')
  const second = await writeTokenFile(path, 'sbx_token_two')
  await first[Symbol.asyncDispose]()
  expect(readFileSync(path, 'utf8')).toBe('sbx_token_two\n')
  await second[Symbol.asyncDispose]()
  expect(() => readFileSync(path)).toThrow(/ENOENT/)
})

test('a folder behind a symbolic link of the own user is checked as the target folder [gateway.attack.socket-files]', async () => {
  const real = join(folder, 'real')
  mkdirSync(real, { mode: 0o700 })
  writeFileSync(join(real, 'config.json'), '{}', { mode: 0o600 })
  symlinkSync(real, join(folder, 'link'))
  expect(await readTrusted(join(folder, 'link', 'config.json'))).toBe('{}')
})

test('a missing pages folder is a typed error [gateway.pages.folder]', async () => {
  for (const place of [join(folder, 'nowhere'), join(folder, 'real', 'config.json')]) {
    await expect(loadPages(place)).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining(place) })
  }
})
