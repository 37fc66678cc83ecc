import { EmptyState } from '../../design/empty-state.js'
import type { View } from '../../app/view.js'

export const view: View = {
  id: 'fleet',
  title: 'Fleet',
  key: 'f',
  Component: () => <EmptyState title="Fleet" why="Nothing here yet." />,
}
