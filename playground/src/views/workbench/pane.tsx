import { useEffect, useMemo } from 'preact/hooks'
import type { JSX } from 'preact'
import { asError } from '../../app/app.js'
import { nextFrame } from '../../app/frame.js'
import { workLink } from '../../app/address.js'
import type { App } from '../../app/view.js'
import { EmptyState } from '../../design/empty-state.js'
import { ErrorNotice } from '../../design/error-notice.js'
import { Signal } from '../../design/signal.js'
import { followConversation, type FollowedConversation, type KeptConversations } from '../../model/follow-conversation.js'
import type { Connection } from '../../connection/connection.js'
import type { AgentRow, OpenTurn } from '../../model/agents.js'
import { openTurnsOf, type Conversation } from '../../model/conversation.js'
import { Stream } from './stream.js'
import { TurnBar } from './turn-bar.js'

/** Reads the conversation of an agent while the component is shown. */
export function useConversation(app: App, connection: Connection, agent: string): FollowedConversation {
  const followed = useMemo(() => {
    const kept = app.keep('conversations', (): KeptConversations => new Map())
    return followConversation(connection.hub, agent, connection.mode, nextFrame, kept)
  }, [connection, agent])
  useEffect(() => () => followed.stop(), [followed])
  return followed
}

/** The conversation of one agent with its running turn. */
export function Pane({
  app,
  followed,
  agent,
  session,
  compact,
}: {
  app: App
  followed: FollowedConversation
  agent: string
  session?: string
  compact?: boolean
}): JSX.Element {
  const row = app.model.agent(agent).value
  const all = followed.conversation.value
  const conversation =
    session === undefined
      ? all
      : { ...all, items: all.items.filter((item) => item.session === undefined || item.session === session) }
  const problem = followed.problem.value
  return (
    <div class="pane" data-agent={agent}>
      {compact && row ? (
        <h2 class="pane-title row spread">
          <a href={workLink(agent)}>{row.agent.name}</a>
          <Signal state={row.state} />
        </h2>
      ) : null}
      {problem ? <ErrorNotice error={asError(problem)}>The page tries again by itself.</ErrorNotice> : null}
      {conversation.items.length === 0 ? (
        <EmptyState
          title="No conversation yet"
          why="The journal of the hub has no message, tool or turn of this agent. Write a prompt below; the answer streams in here."
        />
      ) : (
        <Stream app={app} agent={agent} conversation={conversation} />
      )}
      {row ? <TurnBar app={app} row={row} turns={openTurns(row, all)} /> : null}
    </div>
  )
}

/** The turns that run or wait: those that the fleet knows, and older ones that only the journal knows. */
function openTurns(row: AgentRow, conversation: Conversation): readonly OpenTurn[] {
  const older = openTurnsOf(conversation)
    .filter(({ id }) => !row.turns.some((turn) => turn.id === id))
    .map(({ id, what, atMs, by, text }): OpenTurn => {
      const told = { ...(by === undefined ? {} : { by }), ...(text === undefined ? {} : { text }) }
      return { id, what, sinceMs: atMs, ...told }
    })
  // The conversation is newer than the fleet in the frame in which a turn ends.
  const over = new Set(conversation.items.flatMap((item) => (item.type === 'end' ? [item.turn] : [])))
  return [...older, ...row.turns].filter(({ id }) => !over.has(id))
}
