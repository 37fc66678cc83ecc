/** The journal for a view: from its oldest event or from where the view was left, and then live, as long as the view is shown. */
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

/** How far a view has read. Kept with what it has read, so that it goes on from there when it is shown again. */
export interface JournalPlace {
  from: HubCursor | 'oldest'
}

/** A place before the oldest event. */
export const journalStart = (): JournalPlace => ({ from: 'oldest' })

/** Starts reading at the place and moves it. Returns the function that stops it. */
export function readJournal(hub: Hub, place: JournalPlace, { kinds, onEvents, onState }: JournalReader): () => void {
  const stop = new AbortController()
  void (async () => {
    while (!stop.signal.aborted) {
      try {
        const watch = hub.watch({ from: place.from, kinds, signal: stop.signal })
        for await (const batch of watch.batches()) {
          // Another reader may have gone on from this place already.
          if (stop.signal.aborted) return
          place.from = watch.cursor ?? place.from
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
