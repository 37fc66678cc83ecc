/** The views of the page, in the order of the navigation. Each is loaded when it is first shown. */
import type { View } from './view.js'

/** An entry of the navigation. `id`, `title` and `key` are those of the view. */
export interface ViewEntry {
  readonly id: string
  readonly title: string
  readonly key: string
  /** One line for the palette and the empty page. */
  readonly about: string
  load(): Promise<{ readonly view: View }>
}

export const VIEWS: readonly ViewEntry[] = [
  { id: 'fleet', title: 'Fleet', key: 'f', about: 'Every agent and its state', load: () => import('../views/fleet/index.js') },
  {
    id: 'work',
    title: 'Work',
    key: 'w',
    about: 'Talk with one agent or several',
    load: () => import('../views/workbench/index.js'),
  },
  { id: 'asks', title: 'Asks', key: 'a', about: 'What agents want to know', load: () => import('../views/asks/index.js') },
  {
    id: 'timeline',
    title: 'Timeline',
    key: 't',
    about: 'Turns and tools on one axis',
    load: () => import('../views/timeline/index.js'),
  },
  { id: 'cost', title: 'Cost', key: 'c', about: 'Money and tokens', load: () => import('../views/cost/index.js') },
  { id: 'wire', title: 'Wire', key: 'l', about: 'The bytes of a link', load: () => import('../views/wire/index.js') },
  { id: 'faults', title: 'Faults', key: 'x', about: 'Break a link and count', load: () => import('../views/faults/index.js') },
  {
    id: 'guard',
    title: 'Guard',
    key: 'u',
    about: 'Test the gateway, its devices and its log',
    load: () => import('../views/guard/index.js'),
  },
]
