import { EmptyState } from '../../design/empty-state.js'
import type { View } from '../../app/view.js'

/** Cost by agent, session and day. */
export const view: View = {
  id: 'cost',
  title: 'Cost',
  key: 'c',
  Component: () => <EmptyState title="Cost" why="Cost by agent, session and day." />,
}
