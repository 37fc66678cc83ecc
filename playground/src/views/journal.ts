/** The whole journal for a view, from its oldest event and then live, as long as the view is shown. */
import type { EventKind, Hub, HubCursor, HubEvent } from 'signalbox/hub'
import { SignalboxError } from 'signalbox'

const RETRY_MS = 2_000

/** What a view does with the journal. */
export interface JournalReader {
  readonly kinds: readonly EventKind[]
  onEvents(events: readonly HubEvent[]): void
  /** Undefined when the stream works. While it is broken the reader tries again. */
  onState(error: SignalboxError | undefined): void
}

/** Starts reading. Returns the function that stops it. */
export function readJournal(hub: Hub, { kinds, onEvents, onState }: JournalReader): () => void {
  const stop = new AbortController()
  let from: HubCursor | 'oldest' = 'oldest'
  void (async () => {
    while (!stop.signal.aborted) {
      try {
        const watch = hub.watch({ from, kinds, signal: stop.signal })
        for await (const batch of watch.batches()) {
          from = watch.cursor ?? from
          onState(undefined)
          onEvents(batch)
        }
        if (!stop.signal.aborted) throw new SignalboxError({ code: 'closed', message: 'The hub ended the stream.', sent: 'yes' })
      } catch (error) {
        if (stop.signal.aborted) return
        const message = error instanceof Error ? error.message : String(error)
        onState(SignalboxError.is(error) ? error : new SignalboxError({ code: 'unavailable', message, sent: 'yes', cause: error }))
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  })()
  return () => stop.abort()
}
