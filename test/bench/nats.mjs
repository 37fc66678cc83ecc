/** The store on real NATS servers beside the file store. `--quick` does little work. */
import { runBundled } from './bundled.mjs'

await runBundled('nats-sample.ts')
