import { EmptyState } from '../../design/empty-state.js'
import type { View } from '../../app/view.js'

export const view: View = {
  id: 'asks',
  title: 'Asks',
  key: 'a',
  Component: () => <EmptyState title="Asks" why="Nothing here yet." />,
}
