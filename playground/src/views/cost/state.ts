/** The figures of the cost view while it is shown. */
import { signal, type ReadonlySignal } from '@preact/signals'
import { SignalboxError } from 'signalbox'
import type { BudgetState, Hub, Spent } from 'signalbox/hub'
import { readJournal, type JournalPlace } from '../journal.js'
import { COST_EVENTS, type CostLedger } from './ledger.js'

/** The budgets of the hub: not yet known, known, or not to be had. */
export type BudgetsKnown =
  | { readonly status: 'waiting' }
  | { readonly status: 'known'; readonly budgets: readonly BudgetState[] }
  | { readonly status: 'failed'; readonly error: SignalboxError }

/** What the parts of the view share. */
export interface CostState {
  readonly ledger: CostLedger
  /** Changes with the figures of the ledger. */
  readonly counted: ReadonlySignal<number>
  readonly spent: ReadonlySignal<Spent | undefined>
  readonly budgets: ReadonlySignal<BudgetsKnown>
  readonly failure: ReadonlySignal<SignalboxError | undefined>
  stop(): void
}

const ASK_EVERY_MS = 1_000
const SHOW_EVERY_MS = 200

/** What the view keeps while another one is shown. */
export interface KeptCost {
  readonly ledger: CostLedger
  readonly place: JournalPlace
}

/** Starts reading the journal where it was left, and asks the hub for its own sums when figures change. */
export function createCost(hub: Hub, { ledger, place }: KeptCost): CostState {
  const counted = signal(0)
  const spent = signal<Spent>()
  const budgets = signal<BudgetsKnown>({ status: 'waiting' })
  const failure = signal<SignalboxError>()
  let showing: ReturnType<typeof setTimeout> | undefined
  let asking: ReturnType<typeof setTimeout> | undefined
  let stopped = false

  const ask = async (): Promise<void> => {
    const [sum, states] = await Promise.allSettled([hub.spent(), hub.budgets()])
    if (stopped) return
    if (sum.status === 'fulfilled') spent.value = sum.value
    if (states.status === 'fulfilled') budgets.value = { status: 'known', budgets: states.value }
    else if (SignalboxError.is(states.reason)) budgets.value = { status: 'failed', error: states.reason }
  }
  const plan = (): void => {
    showing ??= setTimeout(() => {
      showing = undefined
      counted.value += 1
    }, SHOW_EVERY_MS)
    asking ??= setTimeout(() => {
      asking = undefined
      void ask()
    }, ASK_EVERY_MS)
  }
  void ask()
  const stopReading = readJournal(hub, place, {
    kinds: COST_EVENTS,
    onEvents(events) {
      if (ledger.apply(events)) plan()
    },
    onState(error) {
      failure.value = error
    },
  })
  return {
    ledger,
    counted,
    spent,
    budgets,
    failure,
    stop() {
      stopped = true
      stopReading()
      clearTimeout(showing)
      clearTimeout(asking)
    },
  }
}
