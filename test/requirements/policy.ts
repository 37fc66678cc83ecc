import type { Requirement } from './requirement.js'

const row = (id: string, source: string, behaviour: string): Requirement => ({ id, source, behaviour })

export const requirements: readonly Requirement[] = [
  row(
    'policy.retry-sent',
    'design 3',
    'A call is retried if it was not sent, or if it may have been sent and the op is idempotent.',
  ),
  row(
    'policy.retry-delay',
    'design 4',
    'Delays between attempts have full jitter below a maximum that doubles, and attempts are numbered.',
  ),
  row('policy.retry-after', 'ccflow reference 16.2', 'Retry-After is obeyed in seconds and as a date, up to a limit.'),
  row('policy.retry-quota', 'design 4', 'All calls through one policy share a budget of retries.'),
  row('policy.retry-deadline', 'design 3', 'All attempts lie within the deadline of the call; each may have one of its own.'),
  row('policy.retry-abort', 'ccflow reference 16.2', 'An abort ends the pause between attempts at once.'),
  row('policy.retry-alone', 'ccflow seed', 'retryWithBackoff takes any function and an explicit configuration.'),
  row('policy.breaker-opens', 'ccflow seed', 'The breaker opens after five failures and refuses for thirty seconds, typed.'),
  row('policy.breaker-counts', 'ccflow reference 16.1', 'Mistakes of callers and answers of the peer do not open the breaker.'),
  row('policy.breaker-window', 'ccflow reference 16.1', 'Failures are counted in a rolling window, and as a share of all calls.'),
  row(
    'policy.breaker-half-open',
    'ccflow reference 16.1',
    'A half-open breaker admits a few probes, which close it or open it again.',
  ),
  row(
    'policy.breaker-slot',
    'ccflow reference 16.1',
    'A probe frees its slot on every way out: an abort does not wedge the breaker.',
  ),
  row('policy.breaker-generation', 'ccflow reference 16.1', 'A late result from an earlier state changes nothing.'),
  row('policy.breaker-snapshot', 'design 4', 'The state is exported and imported as plain data.'),
  row('policy.bucket-rate', 'ccflow reference 17', 'A token bucket keeps its rate with fifty waiting calls.'),
  row('policy.window-limit', 'ccflow reference 17', 'A sliding window never lets more than its limit pass within any window.'),
  row('policy.limit-weights', 'ccflow reference 17', 'Permits have weights; a weight above the limit is refused at once.'),
  row('policy.limit-fifo', 'ccflow reference 17', 'Waiting calls are served in the order of arrival.'),
  row('policy.limit-abort', 'ccflow reference 17', 'An aborted waiting call leaves no entry or timer.'),
  row('policy.limit-bounds', 'design 5', 'Queues are bounded in number and in time, and refuse with a typed error.'),
  row(
    'policy.combined',
    'ccflow reference 17',
    'Combined limits are charged together: no token is used up during the wait for a slot.',
  ),
  row('policy.limit-release', 'ccflow reference 17', 'A call returns its permit however it ends.'),
  row('policy.limit-pause', 'ccflow reference 17', 'A limiter pauses when the peer answers that calls come too fast.'),
  row('policy.log', 'design 4', 'Calls are logged as redacted records; the level is set at run time.'),
  row('policy.trace-continue', 'W3C Trace Context', 'An existing trace of the call is continued.'),
  row('policy.trace-begin', 'W3C Trace Context', 'A call without a trace starts a valid one.'),
  row('policy.trace-parse', 'W3C Trace Context', 'Trace headers that the standard declares invalid are ignored.'),
  row('policy.trace-environment', 'design 1', 'A child process gets the trace in its environment.'),
  row('policy.otel', 'design 2', 'Spans are made over the optional peer and do nothing without an SDK.'),
]
