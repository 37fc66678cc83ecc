import type { Requirement } from './requirement.js'

const row = (id: string, source: string, behaviour: string): Requirement => ({ id, source, behaviour })

/** The traps of a CCC server, and the behaviour of the client. `reference` is the record of the measurements; see docs/ccc.md. */
export const requirements: readonly Requirement[] = [
  row(
    'ccc.commands',
    'seed; reference 5, 7',
    'Every documented command has a method, with defaults for the fields that a server leaves out.',
  ),
  row('ccc.sim.faults-once', 'design 8', 'The fault function of the simulator is called once for each request.'),
  row('ccc.sim.stop', 'design 8', 'A stopped simulator leaves no timer; keys work in a remote session too.'),
  row(
    'ccc.commands.later',
    'reference 14',
    'Commands of later servers can be called by name, and count as commands with an effect.',
  ),
  row('ccc.unsupported', 'reference 0', 'A command that an older server lacks fails as unsupported, with no effect.'),
  row('ccc.failures', 'reference 11', 'Every error string has a code and says what had already happened when the server sent it.'),
  row('ccc.errors', 'reference 11', 'A refusal of the server gives the same typed error over every transport.'),
  row('ccc.ask', 'reference 5.2', 'An ask has separate outcomes for an answer, for no answer, and for an unknown result.'),
  row('ccc.ask.attribution', 'reference 5.2', 'The result of an ask says whose answer it is: own, shared, foreign or unverified.'),
  row(
    'ccc.ask.backlog',
    'reference 2, 8, 15',
    'An answer is own only where that is proven: nothing before the message is unanswered, or the answer repeats its marker. A server whose answers are copies of the screen proves nothing.',
  ),
  row('ccc.ask.early-return', 'reference 5.2', 'An agent that looks idle while it works gives a late answer, not an empty one.'),
  row(
    'ccc.ask.queue',
    'reference 5.2',
    'One prompt line accepts one text at a time; a call that is aborted in the queue has sent nothing.',
  ),
  row(
    'ccc.ask.deadline',
    'reference 10',
    'The deadline of an ask is later than that of the server, so that the timeout answer of the server arrives.',
  ),
  row('ccc.ask.crash', 'reference 9', 'Text that went to a login shell fails as unanswered; continue repairs the session.'),
  row(
    'ccc.ask.oversize',
    'reference 9',
    'A line over 64 KiB hides the entries after it: in this case no entry is reported as absent.',
  ),
  row(
    'ccc.ask.disconnect',
    'reference 2',
    'A request without an answer may have been carried out, so it is not retried without a check.',
  ),
  row(
    'ccc.send',
    'reference 5.3, 8',
    'The answer to a send is found by position and text, because the id of a send is not a cursor.',
  ),
  row(
    'ccc.resolve',
    'reference 8',
    'The outcome of an ambiguous ask or send is looked up; an outcome that cannot be known is reported as unknown.',
  ),
  row(
    'ccc.resolve.equal-texts',
    'reference 8',
    'An earlier message with equal text is not mistaken for this one; a marker makes the match certain.',
  ),
  row(
    'ccc.text',
    'reference 9',
    'Text that tmux or the terminal would change is refused or guarded before it is sent, with the reason of each case.',
  ),
  row(
    'ccc.text.keys',
    'reference 9',
    'A control character that the terminal treats as a key is refused; a carriage return is guarded.',
  ),
  row(
    'ccc.answer.indices',
    'reference 7.6',
    'A missing index is never sent, because the server would take it for the first option.',
  ),
  row(
    'ccc.gateway.refused',
    'design 7',
    'A request that a gateway refuses by scope fails with sent: no, over calls and over links.',
  ),
  row('ccc.null-line', 'reference 2', 'An answer line that is not an object, also null or a list, is a protocol error.'),
  row('ccc.call.json', 'design 4', 'A field that JSON cannot hold is refused before a connection is opened.'),
  row('ccc.reads', 'design 4', 'A failed read is never sent: maybe, because a read has no effect.'),
  row(
    'ccc.history.filter',
    'reference 5.4',
    'A filtered history has as many entries as were asked for, also from a server that ignores the filter.',
  ),
  row('ccc.subscribe', 'reference 6', 'Status changes come as a stream; leaving it closes the connection, at any moment.'),
  row(
    'ccc.subscribe.gap',
    'reference 6',
    'A lost link gives a gap and then every status again; the stream ends when its attempts are used up.',
  ),
  row(
    'ccc.subscribe.follows-set',
    'reference 6',
    'The server never changes the sessions of a subscription; the client follows new and removed sessions without a gap.',
  ),
  row(
    'ccc.subscribe.liveness',
    'reference 6',
    'The server sends no heartbeat: a silent server is detected with a second connection.',
  ),
  row('ccc.subscribe.slow-reader', 'design 5', 'The client reads no events ahead of a slow reader, so no unread event is lost.'),
  row(
    'ccc.giant-line',
    'reference 2',
    'Lines of any length arrive whole, up to a limit; the error above the limit names its option.',
  ),
  row(
    'ccc.path',
    'design 8',
    'Abort, deadline, half-close, peer death, slow reader, giant line and split character each give a correct outcome.',
  ),
  row(
    'ccc.honesty',
    'design 3',
    'Of a thousand asks and sends under seeded faults, none that the server received fails with sent: no, and none is sent twice.',
  ),
  row('ccc.client', 'design 1, law 10', 'A disposed client leaves no handle, and two clients never influence each other.'),
  row('ccc.examples', 'seed', 'Every published sample has a counterpart, which is run.'),
  row('ccc.recordings', 'reference 16', 'The simulator answers as real servers were recorded to answer.'),
  row('ccc.recordings-accounted', 'reference 16', 'A recording that is not modelled is listed with its reason.'),
  row(
    'ccc.sim',
    'reference 2 to 9',
    'Tests check the behaviour of the simulator that no recording covers: types, sizes, files, times.',
  ),
]
