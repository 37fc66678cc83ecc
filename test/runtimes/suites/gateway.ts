/** All five clients through a gateway that the runner serves, their simulators lent to it from here. */
import { throughGateway } from '../../gateway/lend/suite.js'
import type { Suite } from './environment.js'

export const gatewaySuite: Suite = { name: 'gateway', run: ({ ws }) => throughGateway(ws('')) }
