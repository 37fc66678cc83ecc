/** A process that is started before its prompt is known, so that the first answer comes sooner. */
import type { Call } from '../../core/call.js'
import { onAbort } from '../../core/on-abort.js'
import type { ContentBlock } from '../messages/lines.js'
import type { Connection } from '../protocol/connection.js'
import type { TurnState } from '../protocol/turn-state.js'
import { ClaudeError } from '../messages/errors.js'
import { openConnection } from './open.js'
import { launchOf } from './options.js'
import { runQuery, type QueryOptions } from './query.js'
import type { RunContext } from './run-context.js'
import type { Turn } from './turn.js'

/** A process that waits for its prompt. `startup` of a client makes it. */
export interface WarmQuery<Output = unknown> extends AsyncDisposable {
  /**
   * Gives the process its prompt, with the options of `startup`. Throws `conflict` at a second call. When the process has ended meanwhile,
   * another one is started.
   *
   * @example
   * ```ts
   * import type { WarmQuery } from 'signalbox/claude'
   *
   * declare const warm: WarmQuery
   * console.log(await warm.query('What is 2+2?').text())
   * ```
   */
  query(prompt: string | readonly ContentBlock[]): Turn<Output>
  /**
   * Ends a process that has no prompt. Does nothing after `query`.
   *
   * @example
   * ```ts
   * import type { WarmQuery } from 'signalbox/claude'
   *
   * declare const warm: WarmQuery
   * await warm.close()
   * ```
   */
  close(): Promise<void>
}

/** Starts the process of a query and waits until it has answered `initialize`. */
export async function startQuery(context: RunContext, options: QueryOptions): Promise<WarmQuery> {
  let state: TurnState | undefined
  const { signal, timeoutMs } = options
  const call = { ...(signal ? { signal } : {}), ...(timeoutMs === undefined ? {} : { timeoutMs }) }
  const open = (at: Call): Promise<Connection> =>
    openConnection(context, { launch: launchOf(options), options, call: at, onUnsolicited: () => state })
  const connection = await context.caller.run({ op: 'query.startup' }, call, open)
  const unfollow = onAbort(context.life, () => void connection.close())
  void connection.ended.then(unfollow)
  let used = false
  const close = async (): Promise<void> => {
    if (!used) await connection.close()
  }
  return {
    query(prompt) {
      if (used) {
        const hint = 'Call startup again for another prompt.'
        throw new ClaudeError({ code: 'conflict', message: 'The process has its prompt.', op: 'query', sent: 'no', hint })
      }
      used = true
      const adopt = (turn: TurnState): void => {
        state = turn
      }
      return runQuery(context, { prompt, options, warm: { connection, adopt } })
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
