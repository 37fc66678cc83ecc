/** The relay's description of itself. Core 2.0 only. */
import type { CallOptions } from '../../core/call.js'
import type { Answer } from '../ops.js'
import type { Context } from './context.js'

/** The relay itself. Needs a core 2.0; over 1.x and REST every method fails with `unsupported`. */
export interface System {
  /**
   * The version and the capabilities of the relay, and the range of client versions that it serves.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * const { version, capabilities } = await cmdop.system.bootstrap()
   * console.log(version, capabilities)
   */
  bootstrap(options?: CallOptions): Promise<Answer<'system.bootstrap'>>
}

export function createSystem({ invoke }: Context): System {
  return { bootstrap: (options) => invoke('system.bootstrap', {}, options) }
}
