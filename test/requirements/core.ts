import type { Requirement } from './requirement.js'

const row = (id: string, source: string, behaviour: string): Requirement => ({ id, source, behaviour })

export const requirements: readonly Requirement[] = [
  row('core.interceptor-order', 'design 2', 'Interceptors run in the order of the list: the first is outermost.'),
  row('core.deadline', 'design 3', 'The deadline is the one of the call, else of the client, else none; no timer is left behind.'),
  row('core.abort-hung', 'design 3', 'A call settles when its signal falls, though a policy or an attempt hangs and ignores it.'),
  row('core.abort-reason', 'design 3', 'The reason of an abort is kept as cause, and no consequence of the abort takes its place.'),
  row('core.sent', 'design 3', 'The outcome of a call counts all its attempts: nothing was sent only if none sent anything.'),
  row('core.foreign-errors', 'design 4', 'What is not our error is wrapped, with itself as cause and an honest outcome.'),
  row('core.late-stream', 'design 1, law 1', 'A stream that opens after its call was given up is closed.'),
  row(
    'core.errors-copied',
    'design 4',
    'Facts are added to a copy of an error, of the same class: one failure may answer many calls.',
  ),
  row('core.error-facts', 'design 4', 'An error carries its facts and its next step, and nothing that was not given.'),
  row(
    'core.error-redacted',
    'design 4',
    'No secret stands in the message, the remote code, the stderr tail or the JSON of an error.',
  ),
  row('core.error-brand', 'design 4', 'Errors are recognised across two copies of the package.'),
  row('core.queue-batches', 'design 5', 'A queue hands out batches in order, and a fault after everything that came before it.'),
  row(
    'core.queue-overflow',
    'design 5',
    'A queue is bounded; its overflow policy has a name and what it drops is counted and told.',
  ),
  row('core.pending', 'design 3', 'A pending call settles once, by its id; late and unknown answers are told as such.'),
  row('core.pending-death', 'design 3', 'When the link dies every pending call settles at once, with an error of its own.'),
  row('core.stream-cursor', 'design 3', 'The cursor of a stream is the position that was handed out last.'),
  row('core.stream-once', 'design 3', 'A stream is read once; a second reader is refused.'),
  row('core.stream-break', 'regression of a peer', 'Leaving the loop reaches the source, on every way out, once.'),
  row('core.stream-close', 'design 3', 'Closing ends a reader that waits; what was not handed out does not move the cursor.'),
  row('core.stream-failure', 'design 3', 'The failure of a stream is not hidden by a failure to tidy up.'),
  row('core.recent', 'design 5', 'The memory for doubled ids is bounded.'),
  row('core.backoff', 'design 3', 'Delays are drawn with full jitter below a ceiling that doubles.'),
  row('core.backoff-health', 'design 3', 'Only sustained health resets the counter: a peer that accepts and drops stays slow.'),
  row('core.reconnect', 'design 3', 'Reconnect is not resume: the gap is told before each attempt; hopeless failures end it.'),
  row('core.reconnect-abort', 'design 3', 'An abort ends the sleep between attempts at once and leaves no timer.'),
  row('core.idle', 'design 3', 'Silence is noticed once, counted from the last sign of life.'),
  row('core.clock', 'design 8', 'Time and chance are injectable; a fake clock runs timers in order, at their moment.'),
  row(
    'core.redact-shapes',
    'design 4',
    'Credentials are masked in JSON, headers, URLs, environment lines, options and PEM blocks.',
  ),
  row('core.redact-prose', 'design 4', 'Ordinary prose and counts of tokens are left alone.'),
  row('core.redact-linear', 'design 5', 'Redaction takes time in proportion to the length of any text.'),
  row('core.redact-never-throws', 'design 4', 'The redactor takes any value and never throws.'),
  row('core.redact-known', 'design 4', 'Secrets that the client knows are masked in every spelling.'),
  row(
    'core.redact-values',
    'design 4',
    'Structured values are masked by name, whatever their type, and cut where they are circular.',
  ),
]
