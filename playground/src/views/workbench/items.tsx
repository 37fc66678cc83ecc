import { memo } from 'preact/compat'
import type { ComponentChildren, JSX } from 'preact'
import type { App } from '../../app/view.js'
import { CopyCode } from '../../design/copy-code.js'
import { clockTime, count, money, readable, span } from '../../design/format.js'
import { now } from '../../design/now.js'
import { promptCall, watchCall } from '../../model/code.js'
import type { ConversationItem, EndItem, MessageItem, NoticeItem, ToolItem, TurnItem } from '../../model/conversation.js'
import { AskCard } from '../asks/ask-card.js'
import { RichText } from './rich-text.js'

const END_WORDS = {
  completed: 'Completed',
  refused: 'The system refused the prompt',
  cancelled: 'Cancelled',
  failed: 'Failed',
  lost: 'Lost: the system cannot say whether the turn ran',
  unanswered: 'Delivered, and no answer came',
} as const
const TOOL_WORDS = { pending: 'waits', running: 'runs', done: 'done', failed: 'failed' } as const
const SENT_WORDS = { no: 'Nothing was sent.', maybe: 'It may have reached the agent.', yes: 'It reached the agent.' } as const
const MAX_SHOWN = 6_000

/** One item of the conversation. Rendered again only when the item is another one. */
export const Item = memo(function Item({ app, agent, item }: { app: App; agent: string; item: ConversationItem }): JSX.Element {
  switch (item.type) {
    case 'turn':
      return <Prompt app={app} agent={agent} item={item} />
    case 'message':
      return <Message app={app} agent={agent} item={item} />
    case 'tool':
      return <Tool app={app} agent={agent} item={item} />
    case 'ask':
      return <AskCard app={app} ask={item.ask} {...(item.closed ? { closed: item.closed } : {})} />
    case 'end':
      return <End item={item} />
    default:
      return <Notice item={item} me={app.by} />
  }
})

const nameOf = (by: string | undefined, app: App): string | undefined => (by === app.by ? 'You' : by)

/** The messages of the system behind an item, and the call that made it. */
function Origin({ app, agent, item, call }: { app: App; agent: string; item: ConversationItem; call?: string }): JSX.Element {
  const state = app.connection.value
  const why =
    state.status === 'open' && state.connection.mode === 'gateway'
      ? 'This hub keeps no raw messages. Start it with keepRaw to see them; they may contain secrets.'
      : 'The hub made this itself, or the system sent it in pieces that are joined.'
  return (
    <details class="origin">
      <summary aria-label="Raw message and call">···</summary>
      <div class="origin-body">
        {item.raw.length > 0 ? (
          <CopyCode title="The message of the system" code={clip(item.raw.map(readable).join('\n\n'))} open />
        ) : (
          <p class="muted small">No raw message. {why}</p>
        )}
        <CopyCode title="The call, as TypeScript" code={call ?? watchCall(agent, app)} />
      </div>
    </details>
  )
}

const clip = (text: string): string =>
  text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}\n… ${count(text.length - MAX_SHOWN)} more characters` : text

function Prompt({ app, agent, item }: { app: App; agent: string; item: TurnItem }): JSX.Element {
  const session = item.session
  return (
    <div class="item prompt" data-turn={item.id} data-what={item.what}>
      <div class="bubble">
        <p class="who small">
          <strong>{nameOf(item.by, app) ?? (item.what === 'unsolicited' ? 'The agent began by itself' : 'Somebody')}</strong>
          {item.what === 'queued' ? <span class="chip">queued</span> : null}
          <Time ms={item.atMs} />
          <Origin
            app={app}
            agent={agent}
            item={item}
            call={promptCall(agent, item.text ?? '', { promptId: item.id, ...(session === undefined ? {} : { session }) }, app)}
          />
        </p>
        {item.text ? <p class="pre">{item.text}</p> : null}
      </div>
    </div>
  )
}

function Message({ app, agent, item }: { app: App; agent: string; item: MessageItem }): JSX.Element {
  if (item.role === 'thought') {
    return (
      <details class="item thought" data-partial={item.partial || undefined}>
        <summary>
          {item.partial ? 'Thinking…' : `Thought for ${span(Math.max(0, item.endMs - item.atMs))}`}
          <span class="muted"> {count(item.text.length)} characters</span>
        </summary>
        <p class="pre">{item.text}</p>
      </details>
    )
  }
  return (
    <div class={`item message ${item.role}`} data-message={item.id} data-partial={item.partial || undefined}>
      <p class="who small">
        <strong>{item.from ?? (item.role === 'user' ? 'Somebody' : 'Agent')}</strong>
        {item.to ? <span class="muted">to {item.to.join(', ')}</span> : null}
        {item.retracted ? <span class="chip">taken back</span> : null}
        <Time ms={item.atMs} />
        <Origin app={app} agent={agent} item={item} />
      </p>
      {item.retracted ? <s class="pre">{item.text}</s> : <RichText text={item.text} />}
      {item.deliveries.length > 0 ? <p class="muted small">{item.deliveries.join(' · ')}</p> : null}
    </div>
  )
}

function Tool({ app, agent, item }: { app: App; agent: string; item: ToolItem }): JSX.Element {
  const name = item.title ?? item.name ?? item.toolKind ?? 'Tool'
  const line = summary(item)
  const waits = waitsForPerson(app, item)
  return (
    <details class="item tool" data-tool={item.id} data-status={waits ? 'waiting' : item.status}>
      <summary>
        <span class="tool-mark" aria-hidden="true" />
        <strong>{name}</strong>
        {line ? <code class="ellipsis">{line}</code> : null}
        <span class="tool-time num">
          {waits ? 'waits for an answer' : TOOL_WORDS[item.status]} <Took item={item} />
        </span>
      </summary>
      <div class="tool-body">
        {item.input === undefined ? null : <Part label="Input">{clip(readable(item.input))}</Part>}
        {item.diff?.map(({ path, oldText, newText }) => (
          <Part key={path} label={`Change of ${path}`}>
            {diffLines(oldText, newText)}
          </Part>
        ))}
        {item.output === undefined || item.output === null ? (
          <p class="muted small">{item.status === 'done' ? 'The tool gave no output.' : 'No output yet.'}</p>
        ) : (
          <Part label={item.status === 'failed' ? 'Error' : 'Output'}>{clip(readable(item.output))}</Part>
        )}
        {item.locations && item.locations.length > 0 ? <p class="muted small mono">{item.locations.join('  ')}</p> : null}
        <Origin app={app} agent={agent} item={item} />
      </div>
    </details>
  )
}

/** The system may call a tool running that still waits for its permission. The native id of an ask is often that of its tool call. */
function waitsForPerson(app: App, { id, status, turn }: ToolItem): boolean {
  if (status === 'done' || status === 'failed') return false
  const asks = app.model.asks.value.open.filter((ask) => ask.turn === turn)
  return asks.some((ask) => ask.id.endsWith(`#${id}`)) || (asks.length > 0 && status === 'pending')
}

function Took({ item }: { item: ToolItem }): JSX.Element {
  if (item.endMs !== undefined) return <>{span(Math.max(0, item.endMs - item.atMs))}</>
  return <>{span(Math.max(0, now.value - item.atMs))}</>
}

function Part({ label, children }: { label: string; children: ComponentChildren }): JSX.Element {
  return (
    <figure class="essence">
      <figcaption>{label}</figcaption>
      <pre tabIndex={0}>{children}</pre>
    </figure>
  )
}

function summary({ input, locations }: ToolItem): string | undefined {
  const given = (typeof input === 'object' && input !== null ? input : {}) as Readonly<Record<string, unknown>>
  const found = given.command ?? given.file_path ?? given.path ?? given.query ?? given.pattern ?? locations?.[0]
  return typeof found === 'string' ? found : undefined
}

function diffLines(before: string | undefined, after: string): ComponentChildren[] {
  const lines = (sign: '+' | '-', text: string): ComponentChildren[] =>
    text
      .replace(/\n$/, '')
      .split('\n')
      .map((line, at) => (
        <span key={`${sign}${at}`} class={sign === '+' ? 'added' : 'removed'}>
          {sign} {line}
          {'\n'}
        </span>
      ))
  return [...(before === undefined ? [] : lines('-', before)), ...lines('+', after)]
}

function End({ item }: { item: EndItem }): JSX.Element {
  const { end, tookMs, usage } = item
  const bad = end.outcome !== 'completed' && end.outcome !== 'cancelled'
  const facts = [
    tookMs === undefined ? undefined : `in ${span(tookMs)}`,
    usage?.costUsd === undefined
      ? undefined
      : `${money(usage.costUsd)} ${usage.basis}${usage.scope === 'session' ? ' for the session so far' : ''}`,
    usage?.tokens?.output === undefined ? undefined : `${count(usage.tokens.output)} tokens written`,
    end.attribution && end.attribution !== 'own' ? `answer: ${end.attribution}` : undefined,
    end.stopReason && end.outcome !== 'completed' ? end.stopReason : undefined,
  ].filter((fact) => fact !== undefined)
  return (
    <div class="item end" data-outcome={end.outcome} data-sent={end.sent}>
      <p class="small">
        <strong class={bad ? 'bad-text' : ''}>{END_WORDS[end.outcome]}</strong> <span class="muted num">{facts.join(', ')}</span>
      </p>
      {end.error ? (
        <p class="notice bad">
          {end.error.message}
          <span class="facts">
            <code>{end.error.code}</code> <code>sent: {end.sent}</code> {SENT_WORDS[end.sent]}
          </span>
        </p>
      ) : bad ? (
        <p class="small muted">
          <code>sent: {end.sent}</code> {SENT_WORDS[end.sent]}
        </p>
      ) : null}
    </div>
  )
}

const Notice = ({ item, me }: { item: NoticeItem; me: string }): JSX.Element => (
  <p class={`item notice ${item.level === 'error' ? 'bad' : item.level === 'warning' ? 'warn' : ''}`}>
    {item.text.startsWith(`${me} `) ? `You${item.text.slice(me.length)}` : item.text}
  </p>
)

const Time = ({ ms }: { ms: number }): JSX.Element => (
  <time class="muted num" dateTime={new Date(ms).toISOString()}>
    {clockTime(ms)}
  </time>
)
