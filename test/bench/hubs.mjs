/** Hubs that share a NATS server beside a hub in memory. `--quick` does little work. */
import { runBundled } from './bundled.mjs'

await runBundled('hubs-sample.mjs')
