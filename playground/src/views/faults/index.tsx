import type { View } from '../../app/view.js'
import { Faults } from './faults.js'

/** The clients of this library and a plain client under the same faults. */
export const view: View = { id: 'faults', title: 'Faults', key: 'x', Component: Faults }
