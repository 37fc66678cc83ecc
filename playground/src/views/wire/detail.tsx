import { useSignal, type Signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { JSX } from 'preact'
import { SignalboxError } from 'signalbox'
import { envelopeFromJson } from 'signalbox/cmdop'
import { encodeFrame } from 'signalbox/codec'
import { asError } from '../../app/app.js'
import { Button } from '../../design/button.js'
import { ErrorNotice } from '../../design/error-notice.js'
import { count } from '../../design/format.js'
import type { SendWhere, SentByHand } from '../../worker/lab/messages.js'
import type { WireLink } from '../../worker/lab/tape.js'
import type { WireMessage } from './decode.js'
import { fromHex, hexDump, toHex } from './hex.js'
import { DIRECTIONS } from './message-list.js'
import type { WireSource } from './source.js'

type Tab = 'decoded' | 'hex' | 'send'
const TABS: readonly (readonly [Tab, string])[] = [
  ['decoded', 'Decoded'],
  ['hex', 'Bytes'],
  ['send', 'Edit and send'],
]

/** One message: decoded, as bytes, and as a text that can be edited and sent again. */
export function Detail({
  message,
  link,
  source,
  tab,
  onSent,
}: {
  message: WireMessage
  link: WireLink | undefined
  source: WireSource
  tab: Signal<Tab>
  onSent: (sent: SentByHand) => void
}): JSX.Element {
  return (
    <section class="card wire-detail" aria-label="Message" data-detail={message.id}>
      <header class="wire-detail-head">
        <h2>{message.label}</h2>
        <p class="small muted">
          <span class="system" data-system={message.system}>
            {message.system}
          </span>{' '}
          link {message.link}, {DIRECTIONS[message.type]}
          {message.size > 0
            ? `, ${count(message.size)} bytes in ${message.chunks.length} ${message.chunks.length === 1 ? 'chunk' : 'chunks'}`
            : ''}
          {message.byHand ? ', sent by hand' : ''}. {linkWords(link)}
        </p>
      </header>
      {message.secret ? (
        <p class="notice warn small">
          This message has a secret. The secret is masked, and the view keeps no bytes of the message.
        </p>
      ) : null}
      <div class="row tabs" role="group" aria-label="Show the message as">
        {TABS.map(([id, title]) => (
          <Button key={id} action={`tab:${id}`} aria-pressed={tab.value === id} onClick={() => (tab.value = id)}>
            {title}
          </Button>
        ))}
      </div>
      {tab.value === 'decoded' ? <Decoded message={message} /> : null}
      {tab.value === 'hex' ? <Bytes message={message} /> : null}
      {tab.value === 'send' ? <Editor key={message.id} message={message} link={link} source={source} onSent={onSent} /> : null}
    </section>
  )
}

function linkWords(link: WireLink | undefined): string {
  if (!link) return ''
  const opened = link.by === 'hand' ? 'The link was opened by hand' : 'The link was opened by the client'
  return `${opened} and is ${link.closed === undefined ? 'open' : link.closed.replace('this side', 'the client')}.`
}

function Decoded({ message }: { message: WireMessage }): JSX.Element {
  return (
    <pre class="wire-pre" tabIndex={0} aria-label="Decoded message" data-decoded>
      {message.value === undefined ? message.text : JSON.stringify(message.value, undefined, 2)}
    </pre>
  )
}

/** Bytes in this many chunks are shown chunk by chunk. */
const MOST_CHUNKS = 40

/** The bytes as they went: a dump for each chunk. */
function Bytes({ message }: { message: WireMessage }): JSX.Element {
  const { bytes, chunks, at } = message
  if (bytes.byteLength === 0) {
    return (
      <p class="small muted">
        {message.secret ? 'The bytes hold a secret and are not shown.' : 'This row is an event of the link and has no bytes.'}
      </p>
    )
  }
  const first = chunks[0]?.at ?? at
  let from = 0
  const parts = chunks.map((chunk) => {
    const own = bytes.subarray(from, from + chunk.bytes)
    from += chunk.bytes
    return { own, late: chunk.at - first }
  })
  return (
    <div class="wire-chunks" data-hex>
      {parts.slice(0, MOST_CHUNKS).map(({ own, late }, index) => (
        <figure key={index}>
          <figcaption class="small muted num">
            Chunk {index + 1}, {count(own.byteLength)} bytes{index === 0 ? '' : `, ${late} ms after the first`}
          </figcaption>
          <pre class="wire-pre" tabIndex={0} aria-label={`Bytes of chunk ${index + 1} in hex`}>
            {hexDump(own)}
          </pre>
        </figure>
      ))}
      {parts.length > MOST_CHUNKS ? (
        <p class="small muted">{count(parts.length - MOST_CHUNKS)} more chunks are not shown.</p>
      ) : null}
    </div>
  )
}

/** The text of a message for editing: the line itself, or hex for frames and broken bytes. */
function editable(
  message: WireMessage,
  link: WireLink | undefined,
): { readonly form: 'line' | 'envelope' | 'hex'; readonly text: string } {
  if (link?.codec !== 'ndjson' && message.value !== undefined)
    return { form: 'envelope', text: JSON.stringify(message.value, undefined, 2) }
  if (link?.codec === 'ndjson' && message.value !== undefined)
    return { form: 'line', text: new TextDecoder().decode(message.bytes).trimEnd() }
  return { form: 'hex', text: toHex(message.bytes) }
}

function bytesOf(form: 'line' | 'envelope' | 'hex', text: string, link: WireLink | undefined): Uint8Array {
  const wrong = (message: string): SignalboxError => new SignalboxError({ code: 'invalid_argument', message, sent: 'no' })
  if (form === 'hex') {
    const bytes = fromHex(text)
    if (!bytes || bytes.byteLength === 0) throw wrong('Write pairs of hex digits, such as 0a ff.')
    return bytes
  }
  if (form === 'line') {
    if (text.trim() === '') throw wrong('The line is empty. Write a line, then send it.')
    // Any text may be sent, also broken JSON: a peer must stand it. A newline would make two messages.
    return new TextEncoder().encode(`${text.trim().replace(/\n/g, ' ')}\n`)
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw wrong('The envelope is not JSON. Correct the text, then send it.')
  }
  return encodeFrame(envelopeFromJson(json as Parameters<typeof envelopeFromJson>[0], link?.codec === 'cmdop-2' ? 2 : 1))
}

const FORMS = { line: 'The line to send', envelope: 'The envelope to send, as JSON', hex: 'The bytes to send, in hex' } as const

function Editor({
  message,
  link,
  source,
  onSent,
}: {
  message: WireMessage
  link: WireLink | undefined
  source: WireSource
  onSent: (sent: SentByHand) => void
}): JSX.Element {
  const start = editable(message, link)
  const text = useSignal(start.text)
  const busy = useSignal(false)
  const result = useSignal<{ readonly sent: SentByHand; readonly where: SendWhere } | undefined>(undefined)
  const error = useSignal<SignalboxError | undefined>(undefined)
  useEffect(() => {
    text.value = start.text
  }, [message.id])
  if (message.secret || message.bytes.byteLength === 0) {
    return (
      <p class="small muted">
        {message.secret
          ? 'A message with a secret cannot be sent again from here: its bytes are not kept.'
          : 'Choose a message. An event of a link cannot be sent.'}
      </p>
    )
  }
  const send = async (where: SendWhere): Promise<void> => {
    busy.value = true
    result.value = undefined
    error.value = undefined
    try {
      const sent = await source.send(message.link, where, bytesOf(start.form, text.value, link))
      result.value = { sent, where }
      onSent(sent)
    } catch (failure) {
      error.value = asError(failure)
    } finally {
      busy.value = false
    }
  }
  const isOpen = link?.closed === undefined
  return (
    <div class="wire-editor">
      {message.type === 'in' ? (
        <p class="small muted">This message came from the peer. Sent from here it goes to the peer.</p>
      ) : null}
      <label class="field">
        {FORMS[start.form]}
        <textarea
          class="mono"
          rows={7}
          spellcheck={false}
          data-action="edit"
          value={text.value}
          onInput={({ currentTarget }) => (text.value = currentTarget.value)}
        />
      </label>
      <p class="row">
        <Button tone="main" action="send-new" disabled={busy.value} onClick={() => void send('new')}>
          Send on a new link
        </Button>
        <Button action="send-same" disabled={busy.value || !isOpen} onClick={() => void send('same')}>
          Send on link {message.link}
        </Button>
      </p>
      <p class="small muted">
        {source.kind === 'page'
          ? 'This reaches the real hub, with the permissions of this page. '
          : 'This reaches a simulator and no real system. '}
        {isOpen
          ? 'On the same link the answer goes to its client. The client drops an answer that it did not ask for, or takes it for another one.'
          : `Link ${message.link} is closed, so only a new link is possible.`}
      </p>
      {result.value ? <SentNotice {...result.value} /> : null}
      {error.value ? <ErrorNotice error={error.value} onClose={() => (error.value = undefined)} /> : null}
    </div>
  )
}

function SentNotice({ sent, where }: { sent: SentByHand; where: SendWhere }): JSX.Element {
  return (
    <p class="notice small" role="status" data-sent-by-hand={sent.link}>
      {count(sent.bytes)} bytes were written on link {sent.link}
      {where === 'new'
        ? ', which is new and has no client. Its answers are in the list. The link closes after five silent seconds.'
        : ', beside what its client writes.'}{' '}
      Only an answer shows that the peer acted on them.
    </p>
  )
}
