import { EmptyState } from '../../design/empty-state.js'
import type { View } from '../../app/view.js'

/** Test a connected gateway. */
export const view: View = {
  id: 'guard',
  title: 'Guard',
  key: 'u',
  Component: () => <EmptyState title="Guard" why="Test a connected gateway." />,
}
