import type { View } from '../../app/view.js'
import { Wire } from './wire.js'

/** The bytes of a link, as they went. */
export const view: View = { id: 'wire', title: 'Wire', key: 'l', Component: Wire }
