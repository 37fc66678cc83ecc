/** A local server that accepts every batch as fast as Node can, because the client is measured. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const openapi = { components: { schemas: { CollectorEvent: { required: ['type'], properties: { event_hash: {} } } } } }

const server = createServer((request, response) => {
  let events = 0
  let text = ''
  request.setEncoding('utf8')
  request.on('data', (chunk: string) => {
    text += chunk
  })
  request.on('end', () => {
    const isEvents = request.url === '/collectors/events'
    if (isEvents) events = (JSON.parse(text) as { events: unknown[] }).events.length
    const body =
      request.url === '/openapi.json' ? openapi : { accepted: events, last_sequence: 1, conversation_id: 'c', warnings: [] }
    response.writeHead(isEvents ? 202 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
})
server.listen(0, '127.0.0.1', () => process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }))
process.on('disconnect', () => process.exit(0))
