import type { View } from '../../app/view.js'
import { Fleet } from './fleet.js'

/** Every agent as a row. */
export const view: View = { id: 'fleet', title: 'Fleet', key: 'f', Component: Fleet }
