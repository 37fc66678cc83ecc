/** Recordings that start where earlier requests, or a person at the keyboard, had led a server: those are played first. */
import { sleep } from '../../src/core/clock.js'
import type { CccSimulator, FakeClock } from '../../src/testing/index.js'
import { also, counterAt, january, project, remote, running, upAt, wrote, type Recording } from './recordings.js'

/** What may happen before the recording: requests on connections of their own, and time that passes. */
export interface Before {
  readonly tell: (...lines: object[]) => Promise<void>
  readonly wait: (ms: number) => Promise<void>
  readonly simulator: CccSimulator
}

export function createBefore(simulator: CccSimulator, clock: FakeClock): Before {
  return {
    simulator,
    wait: (ms) => sleep(clock, ms),
    async tell(...lines) {
      const link = await simulator.transport.open()
      await link.write(new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join('')))
      await link.end()
      while ((await link.read()) !== null);
      await link.close()
    },
  }
}

const session = 'myproject'
const send = (text: string, more: object = {}): object => ({ cmd: 'send', session, text, ...more })
const ask = (text: string, more: object = {}): object => ({ cmd: 'ask', session, text, ...more })
const told = (recording: Recording, before: Recording['before']): Recording => ({ ...recording, before })
const laptop = { session: 'laptop:web' }
/** Two messages to a remote session that pushes its answers back: their ids are unknown to the daemon. */
const remoteTwice = async ({ tell, wait }: Before): Promise<void> => {
  for (const text of ['remote one', 'remote two']) {
    await tell(send(text, laptop))
    await wait(5_000)
  }
}
const develop = { options: { ...remote('client', true), generation: '1.13.3' } } as const
const oversize = async ({ tell }: Before): Promise<void> => {
  await tell(send('   '))
  for (const zs of [16_320, 16_321]) await tell(send(`[[nohook]]${'z'.repeat(zs)}`))
}
const asked = async ({ tell }: Before): Promise<void> => {
  await tell(ask('hello there', { from: 'orchestrator' }))
  await tell(ask("What's <b>up</b> & 2>1?"))
  await tell(
    ask('h\u00e9llo \ud83e\udd16\nsecond line \u2028 end [[reply Za\u017c\u00f3\u0142\u0107 \ud83c\udf89\\nline two]]', {
      from: '\u0430\u0433\u0435\u043d\u0442',
    }),
  )
}
const person = (simulator: CccSimulator, at: (ms: number, run: () => void) => void): void => {
  at(6_000, () => simulator.enter(session, 'by hand [[sleep 10]]'))
  at(22_000, () => simulator.stopSession(session))
}
const collided: Recording = told(
  {
    options: { sessions: also(project('my', { topic: 777 })) },
    setup: (simulator) => {
      counterAt(5)(simulator)
      wrote(session, '2026-01-01-00', { id: 1, ts: 1, from: 'claude', text: 'echo 2: go [[sleep 9]]' })(simulator)
    },
  },
  async ({ tell, wait }) => {
    await tell(send('meant for session my', { session: 'my' }))
    await wait(10_000)
  },
)
const busy: Recording['before'] = async ({ simulator, wait }) => {
  simulator.enter(session, 'by hand [[sleep 30]]')
  await wait(1_000)
}
const used = wrote(session, '2026-01-01-00', { id: 1, ts: 1, from: 'api', text: 'x' })

const askedInJanuary = async ({ tell }: Before): Promise<void> => {
  await tell(ask('hello there', { from: 'orchestrator' }))
  await tell(ask('longer [[sleep 4]] [[reply line one\\nline two]]'))
}

export const TOLD: Readonly<Record<string, Recording>> = {
  'ask-after-70000-char-answer-has-no-response': told(upAt(13), ({ tell }) => tell(ask('[[big 70000]]'))),
  'ask-early-return-then-next-ask': upAt(5),
  'ask-early-return-history': told(upAt(5), async ({ tell, wait }) => {
    await tell(ask('first [[quiet 22]] [[reply ANSWER ONE]]'), ask('second [[sleep 6]] [[reply ANSWER TWO]]'))
    await wait(15_000)
  }),
  'concurrent-asks-same-session-history': told(
    {
      ...upAt(12),
      setup: (simulator) => {
        counterAt(12)(simulator)
        wrote(session, '2026-01-01-00', { id: 1, ts: 1, from: 'claude', text: 'echo 12: half closed' })(simulator)
      },
    },
    async ({ tell }) => {
      await Promise.all([tell(ask('alpha [[reply A]]', { from: 'a' })), tell(ask('beta [[reply B]]', { from: 'b' }))])
    },
  ),
  'concurrent-sessions-conn-b-while-busy': told({ ...upAt(1), setup: used }, busy),
  'config-unreadable-keeps-startup-snapshot': {
    ...upAt(1),
    setup: (simulator) => {
      used(simulator)
      wrote('backend', '2026-01-01-00', { id: 1, ts: 1, from: 'api', text: 'x' })(simulator)
    },
  },
  'develop-1.13.3-local-history-claude-still-id-1': told(
    { options: { sessions: running(session), generation: '1.13.3' } },
    async ({ tell, wait }) => {
      await tell(send('local'))
      await wait(5_000)
    },
  ),
  'develop-1.13.3-remote-history-after-id': told({ ...develop, setup: counterAt(1) }, async ({ tell, wait }) => {
    await tell(send('remote one', laptop))
    await wait(5_000)
  }),
  'develop-1.13.3-remote-send-2': told({ ...develop, setup: counterAt(1) }, async ({ tell, wait }) => {
    await tell(send('remote one', laptop))
    await wait(5_000)
  }),
  'develop-1.13.3-remote-history-after-id-2': told({ ...develop, setup: counterAt(1) }, remoteTwice),
  'develop-1.13.3-remote-history-id-collision': told({ ...develop, setup: counterAt(1) }, remoteTwice),
  'disconnect-during-ask-history-afterwards': told(upAt(9), async ({ simulator, wait }) => {
    const link = await simulator.transport.open()
    const lines = [ask('abandoned [[sleep 2]]'), send('ghost send')].map((line) => `${JSON.stringify(line)}\n`)
    await link.write(new TextEncoder().encode(lines.join('')))
    await wait(500)
    await link.close()
    await wait(30_000)
  }),
  'feb19-ask-has-message-id': { options: { sessions: running(session), generation: 'february' } },
  'feb19-history': told({ options: { sessions: running(session), generation: 'february' } }, ({ tell }) =>
    tell(ask('hello [[reply first answer]]'), ask('again [[nohook]] [[reply second answer]]')),
  ),
  'feb19-sessions': { options: { sessions: running(session), generation: 'february' }, setup: used },
  'frame-invalid-utf8': upAt(1),
  'frame-long-garbage-16mib': upAt(1),
  'frame-long-line-16mib': upAt(1),
  'frame-types': upAt(1),
  'history-after-70000-char-answer': told(
    {
      ...upAt(13),
      setup: (simulator) => {
        counterAt(13)(simulator)
        wrote(session, '2026-01-01-00', { id: 1, ts: 1, from: 'claude', text: 'echo 14: queued [[prompthook]]' })(simulator)
      },
    },
    ({ tell }) => tell(ask('[[big 70000]]')),
  ),
  'history-after-asks': told(upAt(0), asked),
  'history-from-filter-claude': told(upAt(0), async (before) => {
    await asked(before)
    await before.tell(ask('run tests [[sleep 2]]'))
  }),
  'history-after-oversize-message': told(upAt(16), oversize),
  'history-terminal-prompt': told(upAt(1), async ({ simulator, wait }) => {
    // The hook of the first prompt finds the answer to the second.
    for (const [text, ms] of [
      ['before', 1_000],
      ['typed at the keyboard [[prompthook]]', 9_000],
      ['typed again [[prompthook]]', 9_000],
    ] as const) {
      simulator.enter(session, text)
      await wait(ms)
    }
  }),
  'name-prefix-collision-history-my': collided,
  'name-prefix-collision-history-myproject': collided,
  'name-with-slash-sessions-while-busy': told(
    {
      options: { sessions: also(project('money/shop', { topic: 777, running: true }), project('my'), project('dotted.app')) },
      setup: (simulator) => {
        used(simulator)
        wrote('backend', '2026-01-01-00', { id: 1, ts: 1, from: 'api', text: 'x' })(simulator)
      },
    },
    ({ tell }) => tell(send('go [[sleep 30]]', { session: 'money/shop' })),
  ),
  'patched-questions-history': told(upAt(0), async ({ simulator, tell }) => {
    await tell(ask('start'))
    simulator.askQuestions(session, [
      { question: 'Which database?', options: [{ label: 'PostgreSQL' }, { label: 'SQLite' }] },
      { question: 'Which checks?', options: [{ label: 'lint' }, { label: 'types' }, { label: 'tests' }] },
    ])
    await tell({ cmd: 'answer', session, question_index: 0, option_index: 1 })
    await tell({ cmd: 'answer', session, question_index: 1, option_index: 2 })
  }),
  'queued-prompt-history-duplicate': told(upAt(11), async ({ tell, wait }) => {
    await tell(send('busy [[sleep 16]]'))
    await tell(send('queued [[prompthook]]'))
    await wait(30_000)
  }),
  'remote-client-mode-history-after-id': told({ options: remote('client', true), setup: counterAt(14) }, async ({ tell, wait }) => {
    await tell(send('remote three', laptop))
    await wait(5_000)
  }),
  'remote-history-after-send': told({ options: remote('plain', false), setup: counterAt(10) }, async ({ tell, wait }) => {
    await tell(send('remote hello', { ...laptop, from: 'ci' }))
    await wait(20_000)
  }),
  'seed-era-ask-quiet-returns-early': told({ options: january(session) }, askedInJanuary),
  'seed-era-history-all': told({ options: january() }, async (before) => {
    const { simulator, tell, wait } = before
    await tell(send('hi'), ask('hi'), send('hi', { session: 'lost:api' }))
    simulator.start(session)
    await askedInJanuary(before)
    await tell(ask('quiet [[quiet 12]] [[reply LATE]]'))
    await wait(12_000)
    await tell(send('run tests [[sleep 3]]', { from: 'ci-bot' }))
    await wait(6_000)
  }),
  'seed-era-send': told({ options: january(session) }, async ({ tell }) => {
    for (let count = 0; count < 6; count += 1) await tell(send(`${count} [[nohook]]`))
  }),
  'seed-era-sessions-while-busy': told({ options: january(session) }, busy),
  'seed-era-subscribe': { options: january(session), setup: person },
  'send-4001-chars-two-telegram-messages': upAt(9),
  'send-text-132000-bytes': upAt(1),
  'send-text-16330-bytes': upAt(17),
  'send-text-16331-bytes': upAt(18),
  'send-text-66000-bytes': upAt(19),
  'subscribe-all-transitions': {
    options: {
      sessions: ['lost:api', session, 'notopic', 'noclaude'].flatMap((one) => running(session).filter(({ name }) => name === one)),
    },
    setup: (simulator, at) => {
      person(simulator, at)
      at(22_000, () => simulator.start('notopic'))
    },
  },
}
