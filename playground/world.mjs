// The five systems, simulated, as upstreams of a gateway.
import { catsyphonPolicy, cccPolicy, ccccPolicy, claudePolicy, cmdopPolicy } from 'signalbox/gateway/policy'
import { createCccc } from 'signalbox/cccc'
import {
  createCatsyphonSimulator,
  createCccSimulator,
  createCcccSimulator,
  createClaudeSimulator,
  createCmdopCoreSimulator,
} from 'signalbox/testing'

export async function simulatedUpstreams() {
  const ccc = createCccSimulator({
    timeScale: 0.05,
    sessions: [
      { name: 'myproject', path: '/home/dev/myproject', running: true },
      { name: 'backend', path: '/home/dev/backend', running: true },
      { name: 'asleep', path: '/home/dev/asleep' },
    ],
  })
  const cccc = createCcccSimulator()
  const client = createCccc({ transport: cccc.transport })
  await client.groups.create({ title: 'Release train' })
  await client.groups.create({ title: 'Night shift' })
  await client.close()
  const claude = createClaudeSimulator()
  const cmdop = createCmdopCoreSimulator()
  const catsyphon = createCatsyphonSimulator()
  const collector = catsyphon.register()
  const stream = (system, transport, policy) => ({ kind: 'stream', system, transport, policy })
  return {
    ccc: stream('ccc', ccc.transport, cccPolicy),
    cccc: stream('cccc', cccc.transport, ccccPolicy),
    claude: stream('claude', claude.transport, claudePolicy),
    cmdop: stream('cmdop', cmdop.transport, cmdopPolicy),
    catsyphon: {
      kind: 'exchange',
      system: 'catsyphon',
      policy: catsyphonPolicy,
      transport: withKey(catsyphon.transport, collector),
    },
  }
}

/** As a gateway for the real one has it: the key stays on the server. */
function withKey(transport, { id, key }) {
  const own = { authorization: `Bearer ${key}`, 'x-collector-id': id }
  return {
    ...transport,
    exchange: (request, options) => transport.exchange({ ...request, headers: { ...request.headers, ...own } }, options),
  }
}
