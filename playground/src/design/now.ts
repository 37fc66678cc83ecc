/** The current time as a signal, for relative times and countdowns. It changes once a second while the page is visible. */
import { signal, type ReadonlySignal } from '@preact/signals'

const current = signal(Date.now())
setInterval(() => {
  if (document.visibilityState === 'visible') current.value = Date.now()
}, 1_000)

/** Read `now.value` in a component to render it again each second. */
export const now: ReadonlySignal<number> = current
