import type { Requirement } from './requirement.js'

const row = (id: string, source: string, behaviour: string): Requirement => ({ id: `acp.${id}`, source, behaviour })

export const requirements: readonly Requirement[] = [
  row('snapshot', 'hub 5', 'The description of an agent comes from its answer to initialize.'),
  row(
    'prompt',
    'hub 5',
    'A prompt streams its text as it arrives, closes each message with one replace event, and ends exactly once.',
  ),
  row('order', 'hub 5', 'An update that arrives after the response to a prompt does not belong to the turn of that prompt.'),
  row(
    'split',
    'design 5',
    'A stream that arrives one byte at a time gives the same events, and no multi-byte character is broken.',
  ),
  row('updates', 'hub 5', 'Tool calls, plans, usage and notices become events; an unknown update is kept raw.'),
  row(
    'permission',
    'hub 3.4',
    'A permission request becomes an ask; an invalid answer leaves the ask open, and the first valid answer is sent once.',
  ),
  row('elicitation', 'hub 5', 'A form becomes questions; the answers have the types of the form.'),
  row('cancel', 'hub 3.2', 'Cancelling answers every open request of the session as cancelled; the turn ends once.'),
  row('death', 'hub 3.2', 'When an agent dies, its turn fails with sent: maybe, and the hub connects again in a new epoch.'),
  row('away', 'design 3', 'While the agent is unreachable, a prompt fails with sent: no.'),
  row('recorded', 'hub 5', 'Each line that a real agent was recorded to send becomes the event that docs/acp.md names.'),
  row('simulator', 'hub 5', 'The simulated agent sends the shapes, the order and the error codes of the recorded one.'),
  row('clock', 'design 5', 'Every wait of the source and of the server runs on the injected clock.'),
  row('version', 'hub 5', 'An agent that speaks another version of the protocol is refused.'),
  row('history', 'hub 3.9', 'The history of a session is read as replay and is never sent to viewers as new events.'),
  row(
    'fork',
    'hub 2',
    'A fork is a new session of the agent that begins with the conversation of another, where the agent offers it.',
  ),
  row('methods', 'hub 5', 'Each stable method of the schema is implemented, or listed as absent with a reason.'),
  row(
    'options',
    'hub 5',
    'Configured options and folders are set in every session; folders that the agent does not take fail the prompt.',
  ),
  row('complete', 'hub 3.3', 'When the agent reports that a page is done, its open ask is closed as answered elsewhere.'),
  row('serve-complete', 'hub 3.7', 'The editor is told when the ask behind a page that it opened is answered.'),
  row('mode', 'hub 3.5', 'A configured mode is set in every session before its first prompt.'),
  row('files', 'hub 5', 'File requests are refused unless the caller offers files; terminals are always refused.'),
  row(
    'serve-messages',
    'hub 5',
    'Protocol version 1 cannot change text that was sent: changed or withdrawn text is sent again with a sentence that says so.',
  ),
  row('serve-usage', 'hub 5', 'Cost is cumulative and sent only beside the size of the context.'),
  row('serve-notices', 'hub 5', 'Gaps and outcomes of asks are notices.'),
  row('serve-tools', 'hub 5', 'The first event of a tool creates it, later ones update it.'),
  row('serve-ends', 'hub 5', 'A turn that failed, was lost or stayed unanswered is a JSON-RPC error; other ends are stop reasons.'),
  row(
    'serve-asks',
    'hub 3.5',
    'An editor that chooses no option gives no answer; an ask that the editor cannot show is reported and stays unanswered.',
  ),
  row(
    'serve-secret',
    'hub 3.7',
    'A secret is never requested in a form: the user enters it on a page, or the request is refused with advice.',
  ),
  row(
    'serve-prompt',
    'hub 5',
    'A prompt of text, links and embedded files becomes one text; a prompt with an unsupported part is refused whole.',
  ),
  row('serve-turn', 'hub 5', 'An editor receives the text of a turn in order, and then the stop reason.'),
  row('serve-permission', 'hub 5', 'A permission request is shown in the editor, and its choice reaches the agent.'),
  row(
    'serve-conflict',
    'hub 3.4',
    'When another viewer answers first, the request in the editor is withdrawn, and the editor gets the name of who answered.',
  ),
  row('serve-cancel', 'hub 5', 'Cancelling in the editor ends the turn with the stop reason cancelled.'),
  row('serve-refusals', 'hub 5', 'Unknown methods, unknown sessions and prompts that cannot be sent are refused.'),
  row('serve-load', 'hub 5', 'The history of a session is replayed before session/load is answered.'),
  row('serve-gone', 'hub 3.2', 'An editor that goes away leaves the turn running.'),
  row(
    'sdk-client',
    'hub 5',
    "The client of the protocol's own SDK drives an agent of our hub; every message is valid against its schema.",
  ),
  row(
    'sdk-agent',
    'hub 5',
    "Our source drives an agent made with the protocol's own SDK; every message is valid against its schema.",
  ),
  {
    id: 'acp.real',
    source: 'hub 5',
    behaviour: 'The real claude-agent-acp with the real CLI is prompted, followed, answered and cancelled.',
    applies: 'real agents',
  },
]
