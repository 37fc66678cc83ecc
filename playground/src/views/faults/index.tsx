import { EmptyState } from '../../design/empty-state.js'
import type { View } from '../../app/view.js'

/** Break a link and count what is lost. */
export const view: View = {
  id: 'faults',
  title: 'Faults',
  key: 'x',
  Component: () => <EmptyState title="Faults" why="Break a link and count what is lost." />,
}
