/** What it takes to import a built entrypoint, in a process that has loaded nothing of it. */
import { join } from 'node:path'
import { timed, type Measured } from '../measure.js'

const imported =
  (entry: string): Measured =>
  () =>
    timed(async () => {
      await import(join(process.cwd(), 'dist', `${entry}.js`))
      return 1
    })
/** Stands for the aim in milliseconds. */
const aim =
  (ms: number): Measured =>
  async () => ({ wallMs: ms, cpuMs: ms, count: 1 })

export const importSamples = {
  'import-node': imported('node'),
  'import-ccc': imported('ccc'),
  'import-cccc': imported('cccc'),
  'import-claude': imported('claude'),
  wait40: aim(40),
  wait30: aim(30),
  wait20: aim(20),
} satisfies Record<string, Measured>
