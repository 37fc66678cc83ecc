/** The id of a journal: made once for each store, so that a cursor of another journal is noticed. */
import type { Kv } from '../../store/store.js'
import { fromBytes, toBytes } from './encode.js'

const KEY = 'journal'

export async function openJournalId(meta: Kv): Promise<string> {
  const stored = await meta.get(KEY)
  if (stored) return fromBytes<string>(stored.bytes)
  const id = crypto.randomUUID()
  return (await meta.compareAndSet(KEY, null, toBytes(id))) === null ? openJournalId(meta) : id
}
