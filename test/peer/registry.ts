/** What the test server offers by name to whoever opens a link with `{ peer: name }`. A simulator is one more row. */
import type { Link } from '../../src/index.js'
import type { AcceptedLink } from '../../transports/web/index.js'

export interface PeerServerState {
  /** Relayed links by the name of their pair, until both sides are there. */
  readonly waiting: Map<string, AcceptedLink>
  /** The link under test of each pair, for `cut`. */
  readonly near: Map<string, AcceptedLink>
  /** Drops the connection below a link, as a killed process would. */
  cut(link: AcceptedLink): void
}

export type Peer = (link: AcceptedLink, launch: Readonly<Record<string, unknown>>, state: PeerServerState) => void | Promise<void>

export const peers: Readonly<Record<string, Peer>> = {
  /** Says back what it hears. */
  async echo(link) {
    for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) await link.write(chunk)
    await link.end()
  },

  /** Never reads, never writes. */
  silent() {},

  /** Talks for as long as it is let. Says how many bytes it could hand over when asked by `{ peer: 'accepted', pair }`. */
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

  /** Joins two links of the same pair: what one says, the other hears. */
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
  // What it said is passed on before its end is.
  void Promise.all([from.closed, carried]).then(([reason]) => (reason.kind === 'eof' ? undefined : to.close({ graceMs: 200 })))
}
