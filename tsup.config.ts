import { readFileSync } from 'node:fs'
import { defineConfig } from 'tsup'

// The exports map is the one table of entries: the types path of an entry says where its source is.
interface EntryPoint {
  readonly types: string
  readonly default: string
}
const { exports, version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8')) as {
  exports: Record<string, EntryPoint | string>
  version: string
}
const entry: Record<string, string> = {}
for (const target of Object.values(exports)) {
  if (typeof target === 'string') continue
  const name = target.default.replace(/^\.\/dist\//, '').replace(/\.js$/, '')
  entry[name] = target.types.replace(/^\.\/dist\/types\//, '').replace(/\.d\.ts$/, '.ts')
}

// What a browser bundler finds in place of an entry that needs a runtime: it throws.
entry['in-a-page-import-signalbox-web'] = 'transports/web/in-a-page-import-signalbox-web.ts'
// The command line is no entry to import.
entry.cli = 'transports/node/cli/main.ts'

export default defineConfig({
  entry,
  format: ['esm'],
  target: 'es2022',
  platform: 'neutral',
  splitting: true,
  treeshake: false,
  // The dashboard is built by another command.
  clean: ['!dashboard/**'],
  sourcemap: false,
  dts: false,
  // Deno knows Node's modules only by their full name.
  removeNodeProtocol: false,
  external: [/^node:/, /^bun:/],
  // A development dependency, so it is bundled into the executable and the package has no further dependency.
  noExternal: ['citty'],
  define: { SIGNALBOX_VERSION: JSON.stringify(version) },
  esbuildOptions(options) {
    options.charset = 'ascii'
    options.chunkNames = 'chunks/[name]-[hash]'
    options.legalComments = 'none'
  },
})
