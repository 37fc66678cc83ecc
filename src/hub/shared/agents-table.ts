/** The agents of each source in the store, so that a hub that joins need not read the whole journal. */
import type { Table } from '../table.js'
import type { HubView } from '../view.js'
import type { AgentsRecord } from './records.js'

/** Agents in one record: some hundred kilobytes at most. */
const CHUNK = 200

const keyOf = (source: string, chunk: number): string => `${source}#${chunk}`

/** Stores the agents of a source as the view has them at this position. */
export async function saveAgents(
  table: Table<AgentsRecord>,
  source: string,
  view: HubView,
  seq: number,
  isMine: (agent: string) => boolean,
): Promise<void> {
  const agents = [...view.agents.values()].filter(({ id }) => isMine(id))
  // A source without agents has one empty record.
  for (let chunk = 0; chunk === 0 || chunk * CHUNK < agents.length; chunk += 1) {
    const chunkOfAgents = agents.slice(chunk * CHUNK, (chunk + 1) * CHUNK)
    const epochs = chunkOfAgents.map(({ id }) => [id, view.epochs.get(id) ?? ''] as const)
    await replaceOlder(table, keyOf(source, chunk), { source, seq, agents: chunkOfAgents, epochs })
  }
  for (let chunk = Math.max(1, Math.ceil(agents.length / CHUNK)); ; chunk += 1) {
    const stored = await table.get(keyOf(source, chunk))
    if (!stored || stored.record.seq > seq || !(await table.delete(keyOf(source, chunk), stored.version))) return
  }
}

/** A driver that was stopped in the middle of this, and has lost its lease, must not replace what its successor stored. */
async function replaceOlder(table: Table<AgentsRecord>, key: string, record: AgentsRecord): Promise<void> {
  for (;;) {
    const stored = await table.get(key)
    if (stored && stored.record.seq > record.seq) return
    const written = stored
      ? await table.change(key, (now) => (now.seq > record.seq ? undefined : record), stored)
      : await table.create(key, record)
    if (written || stored) return
  }
}

/** Fills the view. Returns the position after which the journal must be read, or undefined when nothing is stored. */
export async function loadAgents(table: Table<AgentsRecord>, view: HubView): Promise<number | undefined> {
  let from: number | undefined
  for await (const { record } of table.all()) {
    for (const agent of record.agents) view.agents.set(agent.id, agent)
    for (const [id, epoch] of record.epochs) view.epochs.set(id, epoch)
    from = Math.min(from ?? record.seq, record.seq)
  }
  return from
}
