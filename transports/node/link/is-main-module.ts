import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * True when the module with this `import.meta.url` was started as the program, false when another module imports it. A program
 * that npm linked into `node_modules/.bin` counts as started: both paths are compared without their links.
 */
export function isMainModule(moduleUrl: string): boolean {
  const started = process.argv[1]
  if (started === undefined) return false
  try {
    return realpathSync(started) === realpathSync(fileURLToPath(moduleUrl))
  } catch {
    return false
  }
}
