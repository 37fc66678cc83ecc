/** What every CCCC daemon and its simulation must show through the client, whatever the runtime and the dialect. */
import type { Case } from '../../src/testing/index.js'
import { callCases } from './cccc/calls.js'
import type { CcccContext } from './cccc/context.js'
import { messageCases } from './cccc/messages.js'
import { streamCases } from './cccc/streams.js'

export type { CcccContext } from './cccc/context.js'

export const cases: readonly Case<CcccContext>[] = [...callCases, ...messageCases, ...streamCases]
