/** The peers of the test server by name; a client opens a link with `{ peer: name }`. A new simulator is one more row. */
import type { Link } from '../../../src/index.js'
import { createCccSimulator, type CccSimulator } from '../../../src/testing/index.js'
import type { AcceptedLink } from '../../../transports/web/accept.js'
import { cccScenarios } from '../../conformance/ccc.js'
import { startLendingGateway, type LendingGateway } from '../../gateway/lend/host.js'

export interface PeerServerState {
  /** Relayed links by the name of their pair, until both sides are there. */
  readonly waiting: Map<string, AcceptedLink>
  /** The link under test of each pair, for `cut`. */
  readonly near: Map<string, AcceptedLink>
  /** Simulated servers by the name that their client gave them; they go with the peer server. */
  readonly simulators: Map<string, CccSimulator>
  /** Gateways by the id that their client chose. */
  readonly gateways: Map<string, LendingGateway>
  /** Drops the connection below a link, as a killed process would. */
  cut(link: AcceptedLink): void
}

export type Peer = (link: AcceptedLink, launch: Readonly<Record<string, unknown>>, state: PeerServerState) => void | Promise<void>

export const peers: Readonly<Record<string, Peer>> = {
  /** Echoes its input. */
  async echo(link) {
    for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) await link.write(chunk)
    await link.end()
  },

  /** Never reads, never writes. */
  silent() {},

  /** Writes until the link ends. `{ peer: 'accepted', pair }` gives the number of bytes that were handed over. */
  async flood(link, { pair }, { near }) {
    const accepted = Object.assign(link, { accepted: 0 })
    near.set(String(pair), accepted)
    const chunk = new Uint8Array(64 * 1024).fill(0x61)
    for (;;) {
      await link.write(chunk)
      accepted.accepted += chunk.byteLength
    }
  },

  async accepted(link, { pair }, { near }) {
    const flooding = near.get(String(pair)) as (Link & { accepted?: number }) | undefined
    await link.write(new TextEncoder().encode(String(flooding?.accepted ?? -1)))
    await link.end()
  },

  /** Joins two links of the same pair: each gets the bytes of the other. */
  relay(link, { pair, side }, { waiting, near }) {
    const name = String(pair)
    if (side === 'near') near.set(name, link)
    const other = waiting.get(name)
    waiting.delete(name)
    if (!other) waiting.set(name, link)
    else {
      join(link, other)
      join(other, link)
    }
    void link.closed.then(() => {
      if (waiting.get(name) === link) waiting.delete(name)
      if (near.get(name) === link) near.delete(name)
    })
  },

  /** A CCC server in a named state; links with one id meet the same one. */
  async ccc(link, { scenario, id }, { simulators }) {
    const name = String(id)
    const options = cccScenarios[scenario as keyof typeof cccScenarios]
    const simulator = simulators.get(name) ?? createCccSimulator(options)
    simulators.set(name, simulator)
    await simulator.serve(link)
  },

  /** Starts a gateway whose upstreams the same client lends, and says where it is. */
  async gateway(link, { id, origin }, { gateways }) {
    const made = await startLendingGateway(typeof origin === 'string' ? [origin] : [])
    gateways.set(String(id), made)
    const { url, token } = made.served
    await link.write(new TextEncoder().encode(`${JSON.stringify({ url, token })}\n`))
    await link.end()
  },

  lend(link, { id, name }, { gateways }) {
    gateways.get(String(id))?.lend(String(name), link)
  },

  /** Kills the near side of a pair. */
  async cut(link, { pair }, { near, cut }) {
    const victim = near.get(String(pair))
    if (victim) {
      cut(victim)
      await victim.closed
    }
    await link.close()
  },
}

function join(from: Link, to: Link): void {
  const carried = (async () => {
    for (let chunk = await from.read(); chunk !== null; chunk = await from.read()) await to.write(chunk)
    await to.end()
  })().catch(() => {})
  // Its bytes are forwarded before its end.
  void Promise.all([from.closed, carried]).then(([reason]) => (reason.kind === 'eof' ? undefined : to.close({ graceMs: 200 })))
}
