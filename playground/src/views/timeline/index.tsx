import { EmptyState } from '../../design/empty-state.js'
import type { View } from '../../app/view.js'

/** Turns, tools and waits of every agent on one axis. */
export const view: View = {
  id: 'timeline',
  title: 'Timeline',
  key: 't',
  Component: () => <EmptyState title="Timeline" why="Turns, tools and waits of every agent on one axis." />,
}
