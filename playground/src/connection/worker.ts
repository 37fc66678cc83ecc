/** Opens the hub that runs in a worker of this page. */
import { createHubClient } from 'signalbox/hub'
import { messagePortLink } from 'signalbox/web'
import type { FromWorker, ToWorker } from '../worker/messages.js'
import type { Connection } from './connection.js'

/** Starts the worker and waits until its hub runs. */
export async function openWorker(by: string): Promise<Connection> {
  const worker = new Worker(new URL('../worker/main.ts', import.meta.url), { type: 'module', name: 'signalbox-demo' })
  const post = (message: ToWorker, transfer: Transferable[] = []): void => worker.postMessage(message, transfer)
  const port = (type: 'hub' | 'lab') => (): MessagePort => {
    const { port1, port2 } = new MessageChannel()
    post({ type, port: port2 }, [port2])
    return port1
  }
  const journal = await new Promise<string>((resolve, reject) => {
    worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === 'ready') resolve(data.journal)
      else if (data.type === 'failed') reject(new Error(data.message))
    })
    worker.addEventListener('error', (event) =>
      reject(new Error(`The worker did not start: ${event.message || 'unknown reason'}.`)),
    )
  })
  const hub = createHubClient({ transport: messagePortLink({ port: port('hub'), name: 'worker' }), by })
  return {
    mode: 'worker',
    hub,
    label: 'Demo in this page',
    journal,
    lab: port('lab'),
    demo: (running) => post({ type: 'demo', running }),
    async close() {
      await hub.close()
      worker.terminate()
    },
  }
}
