import type { View } from '../../app/view.js'
import { Work } from './work.js'

/** Conversations with one agent or several. */
export const view: View = { id: 'work', title: 'Work', key: 'w', Component: Work }
