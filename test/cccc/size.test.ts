/** The bundle of a program that uses three ops: the small client, without the table, the streams and the dialects. */
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

const entry = fileURLToPath(new URL('../../src/cccc/index.ts', import.meta.url))

async function bundle(name: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { ${name} } from ${JSON.stringify(entry)}`,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external: ['zod', 'zod/*'],
  })
  return outputFiles[0]?.text ?? ''
}

test('the small client carries neither the table nor the streams [cccc.core-only]', async () => {
  const [small, whole] = [await bundle('createCcccCore'), await bundle('createCccc')]
  for (const word of ['registry_reconcile', 'slow_consumer: ', 'inbox_peek', 'coordination.note.add'])
    expect(small).not.toContain(word)
  expect(whole).toContain('registry_reconcile')
  expect(gzipSync(small, { level: 9 }).byteLength).toBeLessThan(0.5 * gzipSync(whole, { level: 9 }).byteLength)
})
