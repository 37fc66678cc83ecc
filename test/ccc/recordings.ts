/** The state from which each recording of a real server starts, or the reason why it is not modelled. */
import type { CccSimulator, CccSimulatorOptions, SimulatedSession } from '../../src/testing/index.js'
import type { Before } from './recordings-told.js'

export interface Recording {
  readonly options?: CccSimulatorOptions
  readonly setup?: (simulator: CccSimulator, at: (ms: number, run: () => void) => void) => void
  /** What happened before it, in the server's time. */
  readonly before?: ((before: Before) => Promise<void>) | undefined
}

export const project = (name: string, more: Partial<SimulatedSession> = {}): SimulatedSession => ({
  name,
  path: `/home/dev/Projects/${name}`,
  ...more,
})

const base: readonly SimulatedSession[] = [
  project('myproject'),
  project('backend'),
  project('notopic', { topic: 0 }),
  project('noclaude', { broken: true }),
  { name: 'lost:api', host: 'lost', path: '/home/lap/api' },
  project('gone', { deleted: true }),
]
export const running = (...names: string[]): SimulatedSession[] =>
  base.map((session) => (names.includes(session.name) ? { ...session, running: true } : session))
export const also = (...more: SimulatedSession[]): SimulatedSession[] => [...running('myproject'), ...more]

const idle: Recording = { options: { sessions: base } }
const up: Recording = { options: { sessions: running('myproject') } }

/** The daemon's counter starts at the largest id on disk. This entry is in a topic of its own, so no recorded request shows it. */
export const counterAt =
  (id: number) =>
  ({ history }: CccSimulator): void =>
    history.write(9_999, '2025-01-01-00', [JSON.stringify({ id, ts: 1, from: 'api' })])
export const upAt = (id: number): Recording => ({ ...up, setup: counterAt(id) })
const topicOf = (name: string): number => 101 + base.findIndex((session) => session.name === name)
export const wrote =
  (name: string, hour: string, ...entries: object[]) =>
  ({ history }: CccSimulator): void =>
    history.write(
      topicOf(name),
      hour,
      entries.map((entry) => JSON.stringify(entry)),
    )

/** Written by hand for the recordings: three hours, ids that repeat or are missing, a blank and a broken line, no final newline. */
const synthetic = ({ history }: CccSimulator): void => {
  const entry = (id: number, ts: number, more: object): string => JSON.stringify({ id, ts, ...more })
  const api = (id: number): string => entry(id, 1_768_568_400 + id, { from: 'api', text: `m${id}`, agent: 'a' })
  const claude = (id: number): string => entry(id, 1_768_575_600 + id, { from: 'claude', text: `m${id}` })
  const media = { from: 'human', username: 'wlad' }
  history.write(topicOf('lost:api'), '2026-01-16-13', [101, 102, 103, 104, 105].map(api))
  history.write(topicOf('lost:api'), '2026-01-16-14', [
    entry(106, 1_768_572_006, { from: 'human', text: 'm106', username: 'wlad' }),
    'not json',
    '',
    entry(1, 1_768_572_007, { from: 'claude', text: 'late file id 1' }),
    JSON.stringify({ ts: 1_768_572_008, from: 'claude', text: 'no id' }),
    entry(108, 1_768_572_009, { ...media, type: 'voice', transcription: 'spoken' }),
    entry(109, 1_768_572_010, { ...media, type: 'photo', path: '/x.jpg', caption: 'cap' }),
    entry(110, 1_768_572_011, { from: 'future', text: 'unknown sender' }),
    entry(111, 1_768_572_012, { from: 'api' }),
  ])
  history.write(topicOf('lost:api'), '2026-01-16-15', [
    ...[112, 113, 114].map(claude),
    entry(115, 1_768_575_999, { from: 'claude', text: 'no newline at end' }),
  ])
}
const lines =
  (...hours: [string, ...object[]][]) =>
  ({ history }: CccSimulator): void => {
    for (const [hour, ...entries] of hours)
      history.write(
        topicOf('lost:api'),
        hour,
        entries.map((entry) => JSON.stringify(entry)),
      )
  }
const before = { id: 120, ts: 1_768_579_200, from: 'claude', text: 'before' }
const long = (bytes: number): object => {
  const entry = { id: 121, ts: 1_768_579_201, from: 'claude', text: '' }
  return { ...entry, text: 'y'.repeat(bytes - JSON.stringify(entry).length) }
}
const typedIntoShell = { id: 8, ts: 1, from: 'api', text: 'echo typed into a shell', agent: 'api' }
/** What earlier recordings had left in three topics. */
const active = (simulator: CccSimulator): void => {
  synthetic(simulator)
  wrote('myproject', '2026-01-01-00', typedIntoShell)(simulator)
  wrote('backend', '2026-01-01-00', { id: 1, ts: 1, from: 'api', text: 'never idle [[noprompt 420]]' })(simulator)
}
const questions = (simulator: CccSimulator, answered?: unknown): void =>
  simulator.askQuestions('myproject', [
    {
      ...(typeof answered === 'number' ? { answered: true, answer_index: answered } : {}),
      question: 'Which database?',
      header: 'Database',
      options: [{ label: 'PostgreSQL', description: 'relational' }, { label: 'SQLite' }],
    },
    {
      question: 'Which checks?',
      header: 'Checks',
      options: [{ label: 'lint' }, { label: 'types' }, { label: 'tests' }],
      multi_select: true,
    },
  ])
const asked: Recording = { ...up, setup: questions }
/** As `questions`, with the first of them answered. */
const answeredWith = (option: number): Recording => ({
  ...up,
  setup: (simulator) => {
    questions(simulator, option)
  },
})
export const remote = (host: 'plain' | 'client', isRunning: boolean): CccSimulatorOptions => ({
  sessions: [...base, { name: 'laptop:web', host: 'laptop', path: '/home/lap/web', running: isRunning }],
  hosts: { laptop: host },
})
const refused = { fails: 'exit status 255: ssh: connect to host 127.0.0.1 port 2: Connection refused', afterMs: 10 }
const hanging = {
  fails: 'exit status 255: Connection timed out during banner exchange\r\nConnection to 127.0.0.1 port 2299 timed out',
  afterMs: 10_000,
}
const remoteHosts = (one: 'refused' | 'hanging'): CccSimulatorOptions => ({
  sessions: [
    ...base.filter(({ host }) => host === undefined),
    { name: 'laptop:web', host: 'laptop', path: '/home/lap/web' },
    { name: 'dead:svc', host: 'dead', path: '/x' },
    ...(one === 'hanging' ? [{ name: 'hang:svc', host: 'hang', path: '/x' }] : []),
  ],
  hosts: { laptop: 'plain', dead: refused, hang: hanging },
})
/** Enough for the sessions to have been used. */
const wroteSomething = ({ history }: CccSimulator): void => {
  const line = JSON.stringify({ id: 1, ts: 1, from: 'api', text: 'x' })
  for (const topic of [101, 106]) history.write(topic, '2026-01-01-00', [line])
}
export const january = (...names: string[]): CccSimulatorOptions => ({ generation: 'january', sessions: running(...names) })

export const RECORDINGS: Readonly<Record<string, Recording | string>> = {
  'activity-last-is-voice': {
    ...idle,
    setup: wrote('myproject', '2026-01-01-00', { id: 5, ts: 1, from: 'human', type: 'voice', transcription: 'transcribed words' }),
  },
  'activity-synthetic': { ...idle, setup: active },
  'activity-last-line-over-8k-is-skipped': {
    ...idle,
    setup: (simulator) => {
      active(simulator)
      lines(['2026-01-16-16', long(9_000)])(simulator)
    },
  },
  'activity-truncation-splits-utf8': {
    ...idle,
    setup: lines(['2026-01-16-16', { ...before, text: `x${'\u00e9'.repeat(60)}` }]),
  },
  'activity-empty-history': idle,
  'activity-none-configured': {},
  'answer-after-askuserquestion-hook': up,
  'ask-autostart': idle,
  'ask-claude-cannot-start': { options: { sessions: running('noclaude') } },
  'ask-empty-text': up,
  'ask-half-close': up,
  'ask-host-not-configured': up,
  'ask-no-session': up,
  'ask-no-text': up,
  'ask-nohook-no-response-field': up,
  'ask-session-without-topic': { options: { sessions: running('notopic') } },
  'ask-timeout-5min': idle,
  'ask-unknown-session': up,
  'ask-after-oversize-message-has-no-response': {
    ...up,
    setup: ({ history }) => {
      const hour = new Date(1_767_225_600_000).toISOString().slice(0, 13).replace('T', '-')
      history.write(topicOf('myproject'), hour, [JSON.stringify({ id: 1, ts: 1, from: 'api', text: 'z'.repeat(66_000) })])
    },
  },
  'concurrent-ask-conn-a': up,
  'concurrent-ping-conn-b': up,
  'continue-claude-cannot-start': idle,
  'continue-host-not-configured': up,
  'continue-local': up,
  'continue-no-session': up,
  'continue-unknown-session': up,
  'crash-1-send': upAt(6),
  'crash-2-ask-goes-to-the-shell': { ...up, setup: (simulator) => simulator.crash('myproject') },
  'crash-4-continue': { ...up, setup: (simulator) => simulator.crash('myproject') },
  'develop-1.13.3-local-send': { options: { sessions: base, generation: '1.13.3' } },
  'develop-1.13.3-ping': { options: { sessions: base, generation: '1.13.3', uptimeSeconds: 0 } },
  'disconnect-during-ask-queued-send-still-runs': up,
  'feb19-continue-unknown': { options: { sessions: base, generation: 'february' } },
  'frame-bad-json': idle,
  'frame-blank-lines': idle,
  'frame-crlf': idle,
  'frame-half-close': idle,
  'frame-half-close-partial-tail': idle,
  'frame-idle-connection': idle,
  'frame-json-null': idle,
  'frame-key-case': idle,
  'frame-no-newline-half-close': idle,
  'frame-nul-bytes': idle,
  'frame-pretty-printed': idle,
  'frame-split-writes': idle,
  'frame-trailing-garbage': idle,
  'frame-two-in-one-write': idle,
  'history-claude-cannot-start': idle,
  'history-deleted-session': idle,
  'history-empty': idle,
  'history-line-65535-bytes': { ...idle, setup: lines(['2026-01-16-16', long(65_535), { ...before, id: 122, text: 'after' }]) },
  'history-line-65536-bytes': { ...idle, setup: lines(['2026-01-16-16', long(65_536)]) },
  'history-line-over-64k-hides-rest-of-file': {
    ...idle,
    setup: lines(['2026-01-16-16', before, long(66_000), { id: 122, ts: 1, from: 'claude', text: 'hidden' }]),
  },
  'history-line-over-64k-next-file-ok': {
    ...idle,
    setup: lines(
      ['2026-01-16-16', before, long(66_000), { id: 122, ts: 1, from: 'claude', text: 'hidden' }],
      ['2026-01-16-17', { id: 123, ts: 1_768_582_800, from: 'claude', text: 'next hour is visible' }],
    ),
  },
  'history-no-session': idle,
  'history-session-without-topic': idle,
  'history-unknown-session': idle,
  'history-from-filter-case': { ...idle, setup: wrote('myproject', '2026-01-01-00', { id: 1, ts: 1, from: 'claude', text: 'x' }) },
  'history-after-send-id-minus-one': {
    ...idle,
    setup: wrote(
      'myproject',
      '2026-01-01-00',
      { id: 3, ts: 1, from: 'api', text: 'earlier', agent: 'api' },
      { id: 4, ts: 1, from: 'api', text: 'run tests [[sleep 2]]', agent: 'ci-bot' },
      { id: 1, ts: 1, from: 'claude', text: 'echo 4: run tests [[sleep 2]]' },
    ),
  },
  'history-after-send-id-misses-claude': {
    ...idle,
    setup: wrote(
      'myproject',
      '2026-01-01-00',
      { id: 4, ts: 1, from: 'api', text: 'run tests [[sleep 2]]', agent: 'ci-bot' },
      { id: 1, ts: 1, from: 'claude', text: 'echo 4: run tests [[sleep 2]]' },
    ),
  },
  'history-synthetic-all': { ...idle, setup: synthetic },
  'history-synthetic-after-103': { ...idle, setup: synthetic },
  'history-synthetic-after-minus-1-includes-id-0': { ...idle, setup: synthetic },
  'history-synthetic-after-103-limit-2-keeps-newest': { ...idle, setup: synthetic },
  'history-synthetic-filter-api-limit-3': { ...idle, setup: synthetic },
  'lifecycle-after-second-instance-refused-ping': { options: { sessions: also(project('a'), project('b')), uptimeSeconds: 0 } },
  'lifecycle-after-stale-socket-ping': { options: { sessions: also(project('a'), project('b')), uptimeSeconds: 0 } },
  'lifecycle-restarted-ping': { options: { sessions: also(project('a'), project('b')), uptimeSeconds: 0 } },
  'lifecycle-sigkill-open-connection': {
    options: { sessions: also(project('a'), project('b')) },
    setup: (simulator, at) => at(1, () => void simulator.stop()),
  },
  'lifecycle-sigterm-mid-ask': { ...up, setup: (simulator, at) => at(3_000, () => void simulator.stop()) },
  'lifecycle-sigterm-subscriber': { ...up, setup: (simulator, at) => at(15, () => void simulator.stop()) },
  'name-prefix-collision-send': { options: { sessions: also(project('my')) }, setup: counterAt(5) },
  'name-with-dot-send': { options: { sessions: also(project('dotted.app')) }, setup: counterAt(4) },
  'name-with-slash-send': { options: { sessions: also(project('money/shop')) }, setup: counterAt(3) },
  'name-with-slash-subscribe-while-running': { options: { sessions: also(project('money/shop', { running: true })) } },
  'patched-questions-answer-after-expiry': up,
  'patched-questions-answer-already': {
    ...asked,
    setup: (simulator) => {
      simulator.askQuestions('myproject', [
        { question: 'Which database?', options: [{ label: 'PostgreSQL' }, { label: 'SQLite' }], answered: true },
        { question: 'Which checks?', options: [{ label: 'lint' }] },
      ])
    },
  },
  'patched-questions-answer-does-not-expire': asked,
  'patched-questions-answer-first': asked,
  'patched-questions-answer-last-submits': asked,
  'patched-questions-answer-option-out-of-range': asked,
  'patched-questions-answer-question-negative': asked,
  'patched-questions-answer-question-out-of-range': asked,
  'patched-questions-answer-tmux-not-running': { ...idle, setup: questions },
  'patched-questions-answer-without-indices-means-0-0': asked,
  'patched-questions-pending': asked,
  'patched-questions-pending-after-first': answeredWith(1),
  'patched-questions-pending-answer-index-0-omitted': answeredWith(0),
  'patched-questions-pending-after-last': up,
  'patched-questions-questions-expired': up,
  ping: idle,
  'ping-first-second': { options: { sessions: base, uptimeSeconds: 0 } },
  'ping-none-configured': { options: { uptimeSeconds: 123 } },
  'pipeline-ask-then-ping': up,
  'questions-after-askuserquestion-hook': up,
  'questions-no-session': idle,
  'questions-none': idle,
  'questions-send-trigger': upAt(14),
  'questions-unknown-session': idle,
  'queued-prompt-1-busy': upAt(11),
  'queued-prompt-2': upAt(12),
  'remote-ask-without-client-mode': { options: remote('plain', true) },
  'remote-client-mode-ask': { options: remote('client', true) },
  'remote-client-mode-ask-same-answer-twice-1': { options: remote('client', true) },
  'remote-client-mode-send': { options: remote('client', true), setup: counterAt(14) },
  'remote-continue': { options: remote('plain', true) },
  'remote-hanging-host-ask': {
    options: { sessions: [...base, { name: 'hang:svc', host: 'hang' }], hosts: { hang: hanging } },
  },
  'remote-hanging-host-ping-unaffected': { options: { sessions: also(project('a'), project('b')) } },
  'remote-refused-sessions': { options: remoteHosts('refused'), setup: wroteSomething },
  'remote-hanging-host-sessions': { options: remoteHosts('hanging'), setup: wroteSomething },
  'remote-refused-ask': { options: { sessions: [...base, { name: 'dead:svc', host: 'dead' }], hosts: { dead: refused } } },
  'remote-refused-continue': { options: { sessions: [...base, { name: 'dead:svc', host: 'dead' }], hosts: { dead: refused } } },
  'remote-send-autostart': { options: remote('plain', false), setup: counterAt(10) },
  'remote-subscribe-while-running': { options: remote('plain', true) },
  'screenshot-no-session': idle,
  'seed-era-activity-unknown': { options: january() },
  'seed-era-ask-stopped-session': { options: january() },
  'seed-era-frame-errors': { options: january() },
  'seed-era-history-after-send-id': {
    options: january(),
    setup: wrote(
      'myproject',
      '2026-01-01-00',
      { id: 7, ts: 1, from: 'api', text: 'x' },
      { id: 1, ts: 1, from: 'claude', text: 'y' },
    ),
  },
  'seed-era-history-from-filter-ignored': {
    options: january(),
    setup: wrote(
      'myproject',
      '2026-01-01-00',
      { id: 6, ts: 1, from: 'api', text: 'earlier', agent: 'api' },
      { id: 7, ts: 1, from: 'api', text: 'run tests [[sleep 3]]', agent: 'ci-bot' },
      { id: 1, ts: 1, from: 'claude', text: 'echo 4: run tests [[sleep 3]]' },
    ),
  },
  'seed-era-history-missing': { options: january() },
  'seed-era-history-unknown': { options: january() },
  'seed-era-restart-ids-start-over': { options: january('myproject'), setup: counterAt(7) },
  'seed-era-send-host-not-configured': { options: january() },
  'seed-era-send-stopped-session': { options: january() },
  'seed-era-sessions-all-stopped': { options: january() },
  'seed-era-sessions-config-edits-not-seen': { options: january() },
  'send-autostart-stopped': { ...idle, setup: counterAt(1) },
  'send-claude-cannot-start': { options: { sessions: running('noclaude') } },
  'send-host-not-configured': idle,
  'send-no-text': idle,
  'send-running': upAt(3),
  'send-session-without-topic': { ...idle, setup: counterAt(8) },
  'send-text-leading-dash': up,
  'send-text-lone-surrogate': upAt(14),
  'send-text-newlines': upAt(12),
  'send-text-nul': up,
  'send-text-only-spaces': upAt(16),
  'send-text-unicode': upAt(13),
  'send-after-oversize-message': upAt(20),
  'send-unknown-session': idle,
  sessions: idle,
  'sessions-none-configured': {},
  'sessions-one-running': { ...up, setup: wrote('myproject', '2026-01-01-00', { id: 1, ts: 1, from: 'api', text: 'x' }) },
  'subscribe-after-other-commands-same-connection': idle,
  'subscribe-duplicates-and-comma': idle,
  'subscribe-empty-array-means-all': idle,
  'subscribe-filtered-unknown-deleted': idle,
  'subscribe-half-close-stays-open': idle,
  'subscribe-no-sessions-configured': {},
  'subscribe-only-unknown-never-emits': idle,
  'subscribe-then-more-commands-ignored': idle,
  'telegram-down-ask': up,
  'telegram-down-send': idle,
  'telegram-slow-5s-ask': { options: { sessions: running('myproject'), telegramMs: 5_000 } },
  'telegram-slow-5s-send': { options: { sessions: running('myproject'), telegramMs: 5_000 }, setup: counterAt(5) },
  'unknown-command': idle,
}
