import { EmptyState } from '../../design/empty-state.js'
import type { View } from '../../app/view.js'

/** The bytes of a link, as they went. */
export const view: View = {
  id: 'wire',
  title: 'Wire',
  key: 'l',
  Component: () => <EmptyState title="Wire" why="The bytes of a link, as they went." />,
}
