import type { Requirement } from './requirement.js'

const row = (id: string, source: string, behaviour: string): Requirement => ({ id, source, behaviour })

/** The traps of a CCC server, and what the client makes of them. `reference` is the account of what was measured; see docs/ccc.md. */
export const requirements: readonly Requirement[] = [
  row('ccc.commands', 'seed; reference 5, 7', 'Every documented command has a method, with defaults for what a server leaves out.'),
  row('ccc.sim.faults-once', 'design 8', 'A fault of the simulator is asked once for each request.'),
  row('ccc.sim.stop', 'design 8', 'A simulator that stops leaves no timer; a remote session has a keyboard too.'),
  row('ccc.commands.later', 'reference 14', 'Commands of later servers are reached by name, and are taken to change something.'),
  row('ccc.unsupported', 'reference 0', 'A command that an older server lacks is unsupported, and nothing happened.'),
  row('ccc.failures', 'reference 11', 'Every error string has a code and says what had already happened when it was sent.'),
  row('ccc.errors', 'reference 11', 'What a server refuses is typed, the same over every transport.'),
  row('ccc.ask', 'reference 5.2', 'An ask has its own outcome for an answer, for none, and for one that nobody can know.'),
  row(
    'ccc.ask.attribution',
    'reference 5.2',
    'Whose answer came back is said: own, shared, foreign or unverified; never just taken.',
  ),
  row(
    'ccc.ask.backlog',
    'reference 2, 8, 15',
    'An answer is own only where that is proven: nothing before the message is unanswered, or the answer repeats its marker. A server whose answers are copies of the screen proves nothing.',
  ),
  row(
    'ccc.ask.early-return',
    'reference 5.2',
    'An agent that looks idle while it works does not make an empty answer of a late one.',
  ),
  row('ccc.ask.queue', 'reference 5.2', 'One prompt line takes one text at a time; who gives up in the queue has sent nothing.'),
  row('ccc.ask.deadline', 'reference 10', 'The deadline of an ask lies above that of the server, whose own answer must arrive.'),
  row('ccc.ask.crash', 'reference 9', 'Text that went to a login shell is told as unanswered; continue repairs the session.'),
  row('ccc.ask.oversize', 'reference 9', 'A line over 64 KiB hides what follows: then nothing is said to be absent.'),
  row(
    'ccc.ask.disconnect',
    'reference 2',
    'A request that was not answered may have been carried out; it is never simply repeated.',
  ),
  row('ccc.send', 'reference 5.3, 8', 'The answer to a send is found by position and text, as its id is no cursor.'),
  row(
    'ccc.resolve',
    'reference 8',
    'What became of an ambiguous ask or send is found out, and what cannot be known is said to be unknown.',
  ),
  row('ccc.resolve.equal-texts', 'reference 8', 'An equal message of before is not taken for this one; a marker makes it certain.'),
  row(
    'ccc.text',
    'reference 9',
    'A text that tmux or the terminal would change is refused or guarded before it leaves, each case with its reason.',
  ),
  row(
    'ccc.text.keys',
    'reference 9',
    'A control character that the terminal takes for a key is refused; a carriage return is guarded.',
  ),
  row(
    'ccc.answer.indices',
    'reference 7.6',
    'An index that is missing never reaches the server, which would take it for the first.',
  ),
  row('ccc.gateway.refused', 'design 7', 'What a gateway refuses by scope was not sent, over calls and over links.'),
  row('ccc.null-line', 'reference 2', 'An answer line that is not an object is a protocol error, null and a list too.'),
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
    'A lost link is a gap, after which every status is told again; attempts that are used up end it.',
  ),
  row(
    'ccc.subscribe.follows-set',
    'reference 6',
    'The set is frozen on the server; sessions that come and go are followed without a gap.',
  ),
  row(
    'ccc.subscribe.liveness',
    'reference 6',
    'There is no heartbeat: a server that fell silent is noticed on a second connection.',
  ),
  row('ccc.subscribe.slow-reader', 'design 5', 'Nothing is read ahead of a slow reader, so nothing that it has not seen is lost.'),
  row('ccc.giant-line', 'reference 2', 'Lines of any length cross whole, up to a limit whose option the error names.'),
  row(
    'ccc.path',
    'design 8',
    'Abort, deadline, half-close, death, slow reader, giant line and split character are each told honestly.',
  ),
  row(
    'ccc.honesty',
    'design 3',
    'Of a thousand asks and sends under seeded faults none is told as unsent that the server has, and none is sent twice.',
  ),
  row(
    'ccc.client',
    'design 1, law 10',
    'A client leaves nothing behind when it is disposed of, and two never influence each other.',
  ),
  row('ccc.examples', 'seed', 'Every published sample has a counterpart, which is run.'),
  row('ccc.recordings', 'reference 16', 'The simulator answers as real servers were recorded to answer.'),
  row('ccc.recordings-accounted', 'reference 16', 'A recording that is not modelled is listed with its reason.'),
  row('ccc.sim', 'reference 2 to 9', 'What no recording holds the simulator to is held by a test: types, sizes, files, times.'),
]
