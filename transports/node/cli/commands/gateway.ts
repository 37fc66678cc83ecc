/** `signalbox gateway` and its subcommands. The options are parsed by the gateway's own strict parser. */
import type { Command } from '../program/command.js'

const gateway: Command = {
  examples: [
    ['signalbox gateway --offer all', 'let a web page reach the systems of this machine, with the scope observe'],
    ['signalbox gateway --config gateway.json --scopes observe,send', 'named upstreams'],
    ['signalbox gateway ticket --scopes observe', 'an address with a new ticket, from the running gateway'],
    ['signalbox gateway credentials', 'who may use the running gateway; also: tickets, revoke ID, audit'],
  ],
  definition: {
    args: {
      command: {
        type: 'positional',
        required: false,
        description: 'ask the running gateway: credentials, tickets, ticket, revoke or audit',
      },
      id: { type: 'positional', required: false, description: 'for revoke: the id or name of a credential, or a ticket' },
      config: { type: 'string', description: 'upstreams and settings as JSON; see docs/gateway.md', valueHint: 'file' },
      offer: {
        type: 'string',
        description: 'offer what was found on this machine: all, or names such as ccc,claude',
        valueHint: 'names',
      },
      port: { type: 'string', description: 'default 8700; 0 for any', valueHint: 'port' },
      scopes: { type: 'string', description: 'observe, send, approve, admin; default observe', valueHint: 'scopes' },
      'allow-origin': { type: 'string', description: 'a page of another origin that may connect', valueHint: 'url' },
      pages: { type: 'string', description: 'serve the pages of this folder too', valueHint: 'folder' },
      'token-file': { type: 'string', description: 'where the token of this launch is written', valueHint: 'file' },
      host: { type: 'string', description: 'default 127.0.0.1', valueHint: 'address' },
      'admin-socket': { type: 'string', description: 'the admin socket of the running gateway', valueHint: 'file' },
      upstreams: { type: 'string', description: 'of a ticket; default all', valueHint: 'names' },
      name: { type: 'string', description: 'of the credential that a ticket gives', valueHint: 'name' },
      device: { type: 'boolean', description: 'the credential of a ticket lasts 90 days and survives a restart' },
      credential: { type: 'string', description: 'only its lines of the audit log', valueHint: 'id' },
      limit: { type: 'string', description: 'so many lines of the audit log; default 100', valueHint: 'count' },
      'dangerously-listen-beyond-loopback': { type: 'boolean', description: 'needed with another host than loopback, beside TLS' },
    },
    async run({ rawArgs, data }) {
      const { runGateway } = await import('../gateway-command.js')
      return runGateway(rawArgs, data)
    },
  },
}
export default gateway
