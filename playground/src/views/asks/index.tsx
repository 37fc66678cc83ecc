import type { View } from '../../app/view.js'
import { Asks } from './asks.js'

/** One list over the asks of all agents. */
export const view: View = { id: 'asks', title: 'Asks', key: 'a', Component: Asks }
