/** A few lines of TypeScript over our sources, as a program that a process of its own can run: with few descriptors, or as another user. */
import { join } from 'node:path'
import { buildSync } from 'esbuild'

const transports = join(import.meta.dirname, '../transports/node')

/** Its imports are seen from `transports/node`. */
export function writeProgram(outfile: string, contents: string): void {
  buildSync({
    stdin: { contents, resolveDir: transports, loader: 'ts' },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    // Bundled CommonJS packages load the modules of Node with require.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'silent',
  })
}
