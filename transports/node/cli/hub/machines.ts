/**
 * Machines that have an account of their own on the NATS server. Such a machine shares no store with this one. This hub opens the store of
 * each and shows its agents as one source, as it does with any other hub.
 */
import { createSharedHub, hubSource, type Hub, type SourceFactory } from '../../../../src/hub/index.js'
import { openNats, type NatsChoice, type OpenedNats } from './nats.js'
import { readMachines } from './nats-options.js'

export interface JoinedMachines {
  readonly names: readonly string[]
  readonly factories: readonly SourceFactory[]
  /** Ends the connections: from now on every call fails at once. */
  abandon(): Promise<void>
  close(): Promise<void>
}

export interface JoinOptions {
  /** The value of `--machines`. */
  readonly machines: string
  /** The server, without the credentials of this machine. */
  readonly server: Pick<NatsChoice, 'url' | 'ca'>
  /** The name of this hub among those of the other machine. */
  readonly name: string
  readonly onProblem: (text: string, error: Error) => void
}

/** Opens the stores of all machines. Rejects when one of them cannot be opened. */
export async function joinMachines({ machines, server, name, onProblem }: JoinOptions): Promise<JoinedMachines> {
  const named = readMachines(machines)
  const opened: { readonly nats: OpenedNats; hub?: Hub }[] = []
  const factories: SourceFactory[] = []
  const close = async (): Promise<void> => {
    for (const { hub, nats } of opened.toReversed()) {
      await hub?.close()
      await nats.close()
    }
  }
  try {
    for (const { name: machine, credentials } of named) {
      const part: (typeof opened)[number] = { nats: await openNats({ ...server, credentials }) }
      opened.push(part)
      const hub = await createSharedHub({
        store: part.nats.store,
        name,
        sources: [],
        onProblem: ({ what, error }) => onProblem(`${machine}: ${what}`, error),
      })
      part.hub = hub
      factories.push(() => hubSource({ hub, name: machine }))
    }
  } catch (error) {
    await close()
    throw error
  }
  const abandon = async (): Promise<void> => void (await Promise.all(opened.map(({ nats }) => nats.abandon())))
  return { names: named.map(({ name: each }) => each), factories, abandon, close }
}
