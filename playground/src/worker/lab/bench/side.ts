/** What a bench needs of a system: one client against a simulator of its own, and the ledger of that simulator. */
import { SignalboxError, type Clock, type ExchangeTransport, type Random, type StreamTransport } from 'signalbox'
import type { Said } from './tally.js'

/** One client and its simulator. */
export interface Side {
  /** Delivers one message, as the program of this client would. Resolves when the client has finished with it. */
  deliver(id: string, sender: number): Promise<Said>
  /** The ids of the messages that the simulator received since the last call. */
  received(): readonly string[]
  close(): Promise<void>
}

/** The parts of a run that a side gets. */
export interface SideParts {
  readonly clock: Clock
  readonly random: Random
  /** Puts the faults of the plan on a transport. */
  broken<Launch>(transport: StreamTransport<Launch>): StreamTransport<Launch>
  /** The same for a system behind HTTP. */
  brokenExchange(transport: ExchangeTransport): ExchangeTransport
  /** Called for each `kill`, so that the simulator dies too. The peer is back after so many milliseconds. */
  onKill(listener: (downMs: number) => void): void
  /** Aborted when the client must finish, as a program does at its end. */
  readonly ending: AbortSignal
  /** Counts a repetition of the client. */
  repeated(): void
}

/** A system of the bench. */
export interface Bench {
  openOurs(parts: SideParts): Promise<Side>
  openPlain(parts: SideParts): Promise<Side>
}

/** Senders that run at the same time. Each sends one message after the other. */
export const SENDERS = 4

/** The id of a message inside its text. */
const ID = /m[0-9]+-[0-9]+/

/** A text as a person would send it, with characters of several bytes. */
export const textOf = (id: string): string => `${id}: prüfe die Züge 🚂 von gestern`

/** Waits in the time of the bench. */
export const pause = (clock: Clock, ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve))

/** Repeats a request only while it was not sent. For a system that cannot report the outcome of a request. */
export async function repeatUnsent(
  { clock, ending, repeated }: Pick<SideParts, 'clock' | 'ending' | 'repeated'>,
  request: () => Promise<unknown>,
): Promise<Said> {
  for (;;) {
    try {
      await request()
      return 'acknowledged'
    } catch (error) {
      if (!SignalboxError.is(error)) throw error
      if (error.sent !== 'no') return error.sent === 'yes' ? 'acknowledged' : 'ambiguous'
      if (ending.aborted) return 'failed'
    }
    repeated()
    await pause(clock, 500)
  }
}

/** Reads a growing ledger: the ids in its new entries. */
export function newIds<Entry>(ledger: readonly Entry[], textIn: (entry: Entry) => string | undefined): () => readonly string[] {
  let seen = 0
  return () => {
    const ids: string[] = []
    for (; seen < ledger.length; seen += 1) {
      const id = ID.exec(textIn(ledger[seen] as Entry) ?? '')?.[0]
      if (id !== undefined) ids.push(id)
    }
    return ids
  }
}
