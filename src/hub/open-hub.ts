/** Opens a hub and ends it: in order when it is closed, and with an error when it cannot go on. */
import { systemClock, type Clock } from '../core/clock.js'
import { createDeadline } from '../core/deadline.js'
import { SignalboxError } from '../errors.js'
import { createApi, type HubParts } from './api.js'
import { asHubError, hubError, type HubProblem } from './context.js'
import type { HubFrame } from './frame.js'
import type { Hub } from './hub.js'

export interface OpenHubOptions {
  readonly clock?: Clock
  readonly onProblem?: (problem: HubProblem) => void
}

export async function openHub(
  { clock = systemClock, onProblem }: OpenHubOptions,
  open: (frame: HubFrame) => Promise<HubParts>,
): Promise<Hub> {
  const lifetime = createDeadline({ clock })
  const closers: (() => Promise<void>)[] = []
  let ended: { readonly error?: SignalboxError } | undefined
  let closing: Promise<void> | undefined

  const report = (what: string, error: unknown): void => {
    // After a close every pending call fails. Such failures are not reported.
    if (lifetime.signal.aborted) return
    try {
      onProblem?.({ type: 'problem', what, error: asHubError(error, what) })
    } catch {
      // A listener that fails must not stop the hub.
    }
  }
  const close = (): Promise<void> => {
    closing ??= (async () => {
      ended ??= {}
      lifetime.abort(new SignalboxError({ code: 'closed', system: 'hub', message: 'The hub is closed.' }))
      for (let next = closers.pop(); next; next = closers.pop()) await next()
      lifetime[Symbol.dispose]()
    })()
    return closing
  }
  const fail = (error: SignalboxError): void => {
    report('driving the journal', error)
    ended ??= { error }
    void close()
  }
  const onClose = (next: () => Promise<void>): void => void closers.push(next)

  try {
    const frame: HubFrame = { clock, signal: lifetime.signal, ended: () => ended, report, fail, onClose }
    return createApi(await open(frame), () => ended, close)
  } catch (error) {
    await close()
    throw error
  }
}

/** The names of the sources must differ: they begin the agent ids. */
export function checkNames(names: readonly string[]): void {
  const checked = new Set<string>()
  for (const name of names) {
    if (!/^[^/:#\s]+$/.test(name)) {
      throw hubError({
        code: 'invalid_argument',
        message: `The source name ${JSON.stringify(name)} must not be empty or hold / : # or a space.`,
      })
    }
    if (checked.has(name))
      throw hubError({
        code: 'invalid_argument',
        message: `Two sources are called ${JSON.stringify(name)}.`,
        hint: 'Give one of them another name.',
      })
    checked.add(name)
  }
}
