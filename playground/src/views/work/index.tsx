import { EmptyState } from '../../design/empty-state.js'
import type { View } from '../../app/view.js'

export const view: View = {
  id: 'work',
  title: 'Work',
  key: 'w',
  Component: () => <EmptyState title="Work" why="Nothing here yet." />,
}
