import type { Requirement } from './requirement.js'

const rule = (number: number): string => `hub rule ${number}`

export const requirements: readonly Requirement[] = [
  {
    id: 'hub.order',
    source: rule(1),
    behaviour:
      'All viewers see the same events with the same positions; a viewer that left resumes after the last consumed event, or gets a gap and a snapshot.',
  },
  {
    id: 'hub.end',
    source: rule(2),
    behaviour:
      'Every accepted turn has exactly one end. After a restart, a turn that still runs is adopted; an unknown turn is lost after a deadline.',
  },
  { id: 'hub.ask', source: rule(3), behaviour: 'An ask exists from its arrival until it is answered, expired, withdrawn or lost.' },
  {
    id: 'hub.ask.withdrawn',
    source: rule(3),
    behaviour: 'The end of a turn closes its open asks first.',
  },
  { id: 'hub.ask.expired', source: rule(3), behaviour: 'The hub owns expiry and tells the agent that the ask expired.' },
  {
    id: 'hub.ask.first-wins',
    source: rule(4),
    behaviour: 'Of several answers exactly one wins; the others fail with the name of the winner.',
  },
  { id: 'hub.ask.checked', source: rule(4), behaviour: 'An answer is fully validated before it can win.' },
  { id: 'hub.ask.stale', source: rule(4), behaviour: 'A stale answer never reaches a later ask.' },
  { id: 'hub.ask.consent', source: rule(5), behaviour: 'Without a policy, no ask is answered automatically.' },
  { id: 'hub.ask.policy', source: rule(5), behaviour: 'A policy answers under its own name, and the journal records that name.' },
  {
    id: 'hub.ask.delivery',
    source: rule(6),
    behaviour: 'An accepted answer is not yet delivered: each answer states what is known of its delivery.',
  },
  {
    id: 'hub.ask.maybe',
    source: rule(6),
    behaviour: 'If the hub dies after an answer has won, the ask is answered, with delivered: maybe.',
  },
  { id: 'hub.secret', source: rule(7), behaviour: 'A secret is in no journal, record, error or view.' },
  {
    id: 'hub.idempotent',
    source: rule(8),
    behaviour: 'The same prompt id is the same turn, and receipts are stored before sending.',
  },
  { id: 'hub.replay', source: rule(9), behaviour: 'A replayed event opens no ask, adds no cost and ends no turn.' },
  {
    id: 'hub.cost',
    source: rule(10),
    behaviour: 'Every cost has a scope and a basis; a sum states what it covers and omits; budgets warn or stop.',
  },
  {
    id: 'hub.source.own-answer',
    source: rule(1),
    behaviour: 'An answer of CCC that is stored before the prompt is confirmed belongs to its turn and is shown once.',
  },
  { id: 'hub.source.retry', source: rule(13), behaviour: 'A wait of the system before a retry is a notice with its time.' },
  {
    id: 'hub.bounded',
    source: rule(11),
    behaviour: 'Journal, queues, single events and raw data are bounded; a slow viewer affects only itself.',
  },
  {
    id: 'hub.capability',
    source: rule(12),
    behaviour: 'A request for a missing capability of an agent fails as unsupported with sent: no.',
  },
  {
    id: 'hub.invented',
    source: rule(13),
    behaviour: "The hub invents no time, order, id or state: each comes from the system or from the hub's own observation.",
  },
  {
    id: 'hub.turn',
    source: 'hub model',
    behaviour: 'Any viewer that knows the prompt id of a turn gets its events, its text and its end.',
  },
  { id: 'hub.ask.races', source: 'issue 16', behaviour: 'Of two viewers that answer one ask, one wins and the other is told who.' },
  { id: 'hub.busy.order', source: 'hub model', behaviour: 'Prompts to one agent run in the order of the calls.' },
  { id: 'hub.busy', source: 'hub model', behaviour: 'A prompt to a busy agent waits, is refused, or interrupts.' },
  { id: 'hub.route', source: 'hub model', behaviour: 'One prompt can go to all chosen agents, or to an idle one that fits.' },
  {
    id: 'hub.sessions',
    source: 'issue 18',
    behaviour:
      'A session is opened once, with choices that the agent offers, and closed; everything else is refused with sent: no.',
  },
  { id: 'hub.closed', source: 'hub model', behaviour: 'A closed hub ends its viewers and rejects every call.' },
  {
    id: 'hub.crash',
    source: 'hub section 4',
    behaviour: 'A hub that stops before or after any of its writes leaves one start, one end, one answer and one prompt.',
  },
  {
    id: 'hub.wire',
    source: 'hub section 1',
    behaviour: 'A hub behind a link has the interface of a hub; the server decides what a client may do and who it is.',
  },
  {
    id: 'hub.wire.once',
    source: 'issue 16',
    behaviour: 'The watches of all links of one server write an event as JSON once.',
  },
  {
    id: 'hub.wire.replies',
    source: 'hub wire',
    behaviour:
      'Replies to one link are written one write at a time, in order, so the end of a link that was not read costs one error.',
  },
  {
    id: 'hub.wire.history',
    source: 'issue 15',
    behaviour:
      'A viewer on a link gets at most 1,000 events of history in one answer, so one call cannot fill the memory of the hub.',
  },
  {
    id: 'hub.turn.recovering',
    source: 'issue 19',
    behaviour: 'A turn that ends while the next driver opens its source has one start and one end.',
  },
  {
    id: 'hub.wire.watches',
    source: 'issue 15',
    behaviour: 'The watches of a link are limited, and a client that takes no lines costs no further reads of the journal.',
  },
  {
    id: 'hub.wire.silent',
    source: 'hub section 1',
    behaviour: 'A hub client gives up a link whose server has become silent: calls fail, and watches continue over a new link.',
  },
  { id: 'source.list', source: rule(12), behaviour: 'An agent is listed with its source, its system and its capabilities.' },
  { id: 'source.prompt', source: rule(12), behaviour: 'A prompt is one turn with one end, and every streamed message is closed.' },
  { id: 'source.follow', source: rule(12), behaviour: 'Another viewer follows a turn from a cursor.' },
  { id: 'source.ask', source: rule(12), behaviour: 'An ask belongs to its turn and can be answered as the capability says.' },
  {
    id: 'source.cancel',
    source: rule(12),
    behaviour: 'A turn is cancelled once, and the session continues if the capability says so.',
  },
  {
    id: 'source.past',
    source: rule(12),
    behaviour: 'History and sessions work if the source claims the capability, and fail as unsupported if not.',
  },
  {
    id: 'source.sessions',
    source: 'issue 18',
    behaviour: 'A session is opened, forked and closed where the agent has the capability; else the call fails as unsupported.',
  },
  { id: 'source.capability', source: rule(12), behaviour: 'A source has the method for every capability that it claims.' },
  { id: 'source.close', source: rule(12), behaviour: 'A closed hub leaves no process, timer or link of a source.' },
  {
    id: 'hub.wire.gateway-refusal',
    source: 'hub section 1',
    behaviour: 'A request beyond the scopes of its credential is answered with an error, and the link stays open.',
  },
  {
    id: 'hub.simulation',
    source: 'hub section 4',
    behaviour: 'All rules hold for any mix of prompts, answers, cancels, crashes, restarts and trims; a failing seed is printed.',
  },
  {
    id: 'hub.record',
    source: 'issue 16 item 6',
    behaviour:
      'A recorder gives each event of the chosen agents to CatSyphon once and in order, with secrets removed, also after kills at any write.',
  },
  {
    id: 'hub.trace',
    source: 'issue 16 item 9',
    behaviour:
      'A turn is a span with spans of its tools and asks, named by the conventions for generative AI, without texts and secrets.',
  },
  {
    id: 'hub.schema',
    source: 'issue 16 item 2',
    behaviour:
      'The JSON Schema is made from the types; every kind of event of every system has a fixture that is valid, or a reason.',
  },
  {
    id: 'hub.cancel',
    source: rule(2),
    behaviour:
      'A turn that is cancelled before its system has the prompt is not sent, or is cancelled as soon as the system has it.',
  },
  {
    id: 'hub.script',
    source: 'issue 16',
    behaviour: 'The same script works over CCC, CCCC, Claude, CMDOP and ACP, in every runtime, behind a link and on every store.',
  },
  { id: 'hub.script.gateway', source: 'issue 16', behaviour: 'The script works through the gateway over a WebSocket.' },
  {
    id: 'hub.script.chromium',
    source: 'issue 16',
    behaviour: 'The script works in a page that reaches the hub through the gateway.',
  },
  {
    id: 'hub.source.away',
    source: rule(13),
    behaviour: 'While a system cannot be reached its agents are offline; when it is back they have their state again.',
  },
  {
    id: 'hub.source.away-asks',
    source: rule(3),
    behaviour: 'An ask that closed at another hub while it could not be reached is closed here too.',
  },
  {
    id: 'hub.source.marker',
    source: rule(8),
    behaviour: 'Prompts of one CCC session have different markers, also when their ids begin alike.',
  },
  {
    id: 'hub.raw',
    source: rule(7),
    behaviour: "Without keepRaw the systems' own messages are in no event, no agent and no history.",
  },
  { id: 'hub.turn.later', source: 'hub model', behaviour: 'A turn that could not be found is looked up again at the next call.' },
  {
    id: 'hub.ask.system-check',
    source: rule(4),
    behaviour: 'An answer that the system cannot take is refused before it wins, and the ask stays open.',
  },
  { id: 'hub.ask.lost', source: rule(3), behaviour: 'An ask whose agent died is lost, not withdrawn.' },
  {
    id: 'hub.busy.interrupt',
    source: rule(12),
    behaviour: 'A prompt that must interrupt a turn that cannot be cancelled is refused.',
  },
  {
    id: 'hub.lease.sleep',
    source: 'hub section 4',
    behaviour: 'A hub that slept for longer than its lease goes on, unless another hub had the lease meanwhile.',
  },
  {
    id: 'hub.source.cancel-by',
    source: 'hub model',
    behaviour: 'The one who cancels a turn of another hub is named in its journal.',
  },
  { id: 'hub.example', source: 'issue 16', behaviour: 'The hub examples run against a scripted system.' },
  {
    id: 'hub.lease',
    source: 'hub section 4',
    behaviour: 'Only one hub writes to a store at a time; a fenced hub writes nothing more.',
  },
  {
    id: 'hub.shared.simulation',
    source: 'issue 19',
    behaviour: 'All rules hold over three hubs on one store for any mix of prompts, answers, kills, stops and partitions.',
  },
  {
    id: 'hub.shared.calls',
    source: 'issue 19',
    behaviour: 'A prompt, an answer and a cancel at any hub reach the agent once; the first answer wins over all hubs.',
  },
  {
    id: 'hub.shared.read',
    source: 'issue 19',
    behaviour:
      'A hub tells the end of a turn when its viewers can read the end there, and shows no event before it has read it itself.',
  },
  {
    id: 'hub.shared.takeover',
    source: 'issue 19',
    behaviour: 'A hub that dies is replaced within two lease times by a hub that reaches the same source.',
  },
  {
    id: 'hub.shared.offline',
    source: 'issue 19',
    behaviour: 'Agents that no hub reaches are offline, with the reason, until their hub is back.',
  },
  {
    id: 'hub.shared.outage',
    source: 'issue 19',
    behaviour: 'Without the store prompts are refused with sent: no, agents go on, and their events follow.',
  },
  { id: 'hub.shared.withdrawn', source: 'issue 19', behaviour: 'A call that failed with sent: no is never carried out later.' },
  {
    id: 'hub.shared.faults',
    source: 'issue 19',
    behaviour:
      "With a failure at any store operation of any hub: a call that failed with sent: 'no' is never carried out, nothing reaches an agent twice, an accepted prompt has one end.",
  },
  {
    id: 'hub.shared.late',
    source: 'issue 19',
    behaviour: "A prompt whose caller was told sent: 'maybe' starts within twice the call timeout or never.",
  },
  {
    id: 'hub.shared.zombie',
    source: 'issue 19',
    behaviour: 'A record that a driver wrote after it had lost its lease has no effect.',
  },
  {
    id: 'hub.turn.read-failure',
    source: 'issue 19',
    behaviour:
      "After a prompt was accepted, a failure to look its turn up is no refusal: it is never sent: 'no', and a hub over a link accepts the prompt.",
  },
  { id: 'hub.shared.secret', source: 'issue 19', behaviour: 'A secret never travels through a shared store.' },
  { id: 'hub.shared.exclusive', source: 'issue 19', behaviour: 'A store belongs to one hub alone, or to hubs that share it.' },
  { id: 'hub.shared.join', source: 'issue 19', behaviour: 'A hub that joins late knows every agent and every open ask.' },
  {
    id: 'hub.ask.late-record',
    source: 'issue 19',
    behaviour:
      'An ask whose record an earlier driver stored during a takeover gets its event from the new driver, before its outcome.',
  },
  {
    id: 'hub.page',
    source: 'issue 15',
    behaviour: 'Viewers that come back at once read and decode a page of the journal once.',
  },
  {
    id: 'hub.ask.recorded',
    source: 'HUB.md',
    behaviour: 'An ask is listed when its record is stored, and not before.',
  },
  {
    id: 'hub.shared.nats',
    source: 'issue 19',
    behaviour: 'Three hubs on a real server lose and double nothing when hubs and the server are killed, stopped or cut off.',
  },
  {
    id: 'hub.shared.zombie-write',
    source: 'issue 19',
    behaviour:
      'The server refuses the record of a driver that was stopped in its write: the answer and the prompt of the next driver are the only ones.',
  },
  {
    id: 'hub.shared.runtimes',
    source: 'issue 19',
    behaviour: 'Hubs share a store on a real server in Bun, Deno and, over WebSocket, in Chromium.',
  },
  {
    id: 'hub.shared.failover',
    source: 'issue 19',
    behaviour: 'When the leader of a cluster is killed while prompts run, every prompt ends once and no event is lost or doubled.',
  },
  {
    id: 'hub.shared.names',
    source: 'issue 19',
    behaviour: 'A hub source does not put the name of a machine in front of an agent twice.',
  },
  {
    id: 'hub.shared.dial-out',
    source: 'issue 19',
    behaviour:
      'A machine without an open port is prompted, followed, answered and cancelled through the gateway of another machine.',
  },
  {
    id: 'hub.shared.stolen',
    source: 'issue 19',
    behaviour: 'With the key of one machine nobody reads or changes anything of another machine.',
  },
  {
    id: 'hub.shared.compose',
    source: 'issue 19',
    behaviour: 'The files for a server and the commands in docs/many-machines.md are what the server and the program take.',
  },
]
