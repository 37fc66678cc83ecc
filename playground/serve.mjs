// A gateway, the five systems simulated behind it, and the page; prints the address, and goes on until it is told to stop.
import { fileURLToPath } from 'node:url'
import { loadPages, serveGateway } from 'signalbox/node'
import { simulatedUpstreams } from './world.mjs'

const folder = fileURLToPath(new URL('../dist/dashboard', import.meta.url))
const wanted = Number(process.env.PORT ?? 8710)
const options = { upstreams: await simulatedUpstreams(), pages: await loadPages(folder), scopes: ['observe', 'send', 'approve'] }
const served = await serveGateway({ ...options, port: wanted }).catch((error) => {
  if (error.code !== 'conflict') throw error
  return serveGateway(options)
})

console.log(`Playground: ${await served.ticketUrl()}`)
console.log('The address works once, for a minute. Press Enter for another, Ctrl-C to stop.')
process.stdin.on('data', async () => console.log(await served.ticketUrl()))
process.stdin.on('error', () => {})
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await served.close()
    process.exit(0)
  })
}
