/** What `signalbox up --nats` shares: the store on the server, the name of this machine, and the machines with accounts of their own. */
import { hostname } from 'node:os'
import { SignalboxError } from '../../../../src/errors.js'
import { joinMachines, type JoinedMachines } from './machines.js'
import { openNats, type OpenedNats } from './nats.js'

export interface ShareOptions {
  readonly url: string
  readonly credentials?: string | undefined
  readonly ca?: string | undefined
  /** `name=FILE`, with commas between them. */
  readonly machines?: string | undefined
  /** Of this machine. Default its host name. */
  readonly name?: string | undefined
  /** Shows a line to the person. */
  readonly print: (line: string) => void
}

export interface Share {
  readonly name: string
  readonly nats: OpenedNats
  readonly joined: JoinedMachines | undefined
  /** Shows a problem: the same text at most once a minute, and no outage of the store while the server is known to be gone. */
  onProblem(text: string, error: Error): void
  /** Call it before the hub is closed: while the server is gone, nobody waits for it. */
  stopping(): Promise<void>
  /** Closes the stores. Close the hub first. */
  close(): Promise<void>
}

const REPEAT_MS = 60_000

export async function openShare({ url, credentials, ca, machines, name: chosenName, print }: ShareOptions): Promise<Share> {
  const name = machineName(chosenName)
  let lost = false
  const printedAt = new Map<string, number>()
  const nats = await openNats({
    url,
    credentials,
    ca,
    onConnection(state) {
      if (lost === (state === 'lost')) return
      lost = state === 'lost'
      print(
        lost
          ? `The NATS server ${nats.host} is gone. Agents go on; prompts are refused until it is back.`
          : `The NATS server ${nats.host} is back.`,
      )
    },
  })
  const onProblem = (text: string, error: Error): void => {
    if (lost && SignalboxError.is(error, 'unavailable')) return
    const now = Date.now()
    if (now - (printedAt.get(text) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return
    if (printedAt.size > 100) printedAt.clear()
    printedAt.set(text, now)
    print(text)
  }
  try {
    const joined = machines === undefined ? undefined : await joinMachines({ machines, server: { url, ca }, name, onProblem })
    const close = async (): Promise<void> => {
      await joined?.close()
      await nats.close()
    }
    const stopping = async (): Promise<void> => {
      if (lost) await Promise.all([nats.abandon(), joined?.abandon()])
    }
    return { name, nats, joined, onProblem, stopping, close }
  } catch (error) {
    await nats.close()
    throw error
  }
}

/** A name that can begin the name of a source. */
const machineName = (chosenName: string | undefined): string => (chosenName ?? hostname()).replaceAll(/[/:#\s]/g, '-')
