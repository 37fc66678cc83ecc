/** The model of the simulated Claude Code: the scenario whose pattern matches the prompt, or else a short look around. */
import { scriptedModel, type FakeBlock, type FakeModel, type FakeReply, type FakeRequest } from '../claude/fake-model.js'

const PACE_MS = 45
const think = (thinking: string): FakeBlock => ({ type: 'thinking', thinking, signature: 'c2ltdWxhdGVk' })
const text = (words: string): FakeBlock => ({ type: 'text', text: words })
const use = (name: string, input: object): FakeBlock => ({ type: 'tool_use', id: '', name, input })

/** Each entry is one call of the model. An entry with a tool is followed by the next one when the tool has answered. */
type Scenario = readonly (readonly FakeBlock[])[]

const DATE_FILE = '/srv/backend/src/date.ts'
const CART_FILE = '/srv/backend/src/cart.ts'
const FIXED = `export function parseDay(text: string): Date {
  const [year, month, day] = text.split('-').map(Number)
  return new Date(Date.UTC(year, month - 1, day))
}
`

/** Files that the simulated tools read and write. */
export const demoFiles = (): Map<string, string> =>
  new Map([
    [
      DATE_FILE,
      `export function parseDay(text: string): Date {
  const [year, month, day] = text.split('-').map(Number)
  return new Date(Date.UTC(year, month, day))
}
`,
    ],
    [CART_FILE, 'export function total(prices: number[]) {\n  return prices.reduce((sum, each) => sum + each, 0)\n}\n'],
    ['/srv/frontend/src/settings.tsx', 'export const Settings = () => <Form legacy fields={FIELDS} />\n'],
  ])

const SCENARIOS: readonly (readonly [RegExp, Scenario])[] = [
  [
    /last commit/i,
    [
      [text('I read the changed file.'), use('Read', { file_path: CART_FILE })],
      [text('One finding: total() adds floating-point prices. Use cents as integers, or the sum of 0.1 and 0.2 is wrong.')],
    ],
  ],
  [
    /date parser/i,
    [
      [
        think(
          'The failing test is about the last day of a month. I should look at how the month is passed to Date.UTC before I change anything.',
        ),
        text('I read the parser first.'),
        use('Read', { file_path: DATE_FILE }),
      ],
      [
        text(
          '`Date.UTC` counts months from zero, and the parser passes the month as it is written. So 31 January becomes 3 March. I run the tests to see what depends on it.',
        ),
        use('Bash', {
          command: 'npm test -- date && echo "Tests: 40 passed, 1 failed (date.test.ts: last day of January)"',
          description: 'Run the tests of the date parser',
        }),
      ],
      [
        text('One test fails, and it is the one that we expect. The fix is one character.'),
        use('Write', { file_path: DATE_FILE, content: FIXED }),
      ],
      [
        text(
          'Fixed. `parseDay` now passes `month - 1`, and the last day of each month is kept. The other 40 tests did not change.',
        ),
      ],
    ],
  ],
  [
    /form library/i,
    [
      [
        think('There are two ways to do this. The person should choose.'),
        use('AskUserQuestion', {
          questions: [
            {
              question: 'Which form library should the settings page use?',
              header: 'Library',
              multiSelect: false,
              options: [
                { label: 'Formkit', description: 'Already used by the sign-in page' },
                { label: 'Native forms', description: 'No dependency, more code of our own' },
              ],
            },
            {
              question: 'Which parts should move now?',
              header: 'Parts',
              multiSelect: true,
              options: [
                { label: 'Profile', description: '4 fields' },
                { label: 'Billing', description: '9 fields and a card' },
                { label: 'Notifications', description: '12 switches' },
              ],
            },
          ],
        }),
      ],
      [text('Thank you. I read the page and move the chosen parts.'), use('Read', { file_path: '/srv/frontend/src/settings.tsx' })],
      [text('The parts are moved. Validation now happens on blur, as on the sign-in page, and no visible text changed.')],
    ],
  ],
  [
    /unused|dead code/i,
    [
      [
        text('I list the files and look for exports that nothing imports.'),
        use('Bash', { command: 'git status && echo "12 exports, 3 without an importer"' }),
      ],
      [
        text(
          'Three exports have no importer: `legacyHeader`, `oldColours` and `useWindowName`. All three were kept for the old settings page. Removing them saves 2.1 KB. I changed nothing.',
        ),
      ],
    ],
  ],
  [
    /changelog|release notes/i,
    [
      [
        text('I read what changed since the last tag.'),
        use('Bash', { command: 'git log --oneline -20 && echo "9 commits since v2.4.0"' }),
      ],
      [
        text(
          'Release notes for 2.5.0:\n\n- Dates on the last day of a month are parsed correctly.\n- The settings page answers in half the time.\n- The command line accepts a folder with spaces.\n\nNothing in this release needs a migration.',
        ),
      ],
    ],
  ],
  [
    /deploy|push/i,
    [
      [
        text('The branch is clean. I push it and start the pipeline.'),
        use('Bash', {
          command: 'git push origin main && deploy --env staging && echo "staging: deployed 2.5.0"',
          description: 'Push and deploy to staging',
        }),
      ],
      [text('Staging runs 2.5.0. The smoke tests passed in 41 seconds.')],
    ],
  ],
]

const FALLBACK: Scenario = [
  [
    think('The request is open, so I look around before I answer.'),
    text('I look at the state of the project before I answer.'),
    use('Bash', { command: 'npm run check && echo "check: 0 errors, 2 warnings"', description: 'Check the types of the project' }),
  ],
  [
    text(
      'The project has no type errors and two warnings about unused parameters. Tell me what to change, and I start with the smaller file. (This agent is simulated: it knows a few prompts, such as "review the date parser".)',
    ),
  ],
]

const isPrompt = ({ role, content }: FakeRequest['messages'][number]): boolean =>
  role === 'user' && (typeof content === 'string' || content.some(({ type }) => type === 'text'))

const wordsOf = (message: FakeRequest['messages'][number] | undefined): string =>
  typeof message?.content === 'string'
    ? message.content
    : (message?.content ?? []).map((block) => String(block.text ?? '')).join(' ')

/** The model of the demo. A prompt with a `FAKE:` mark goes to the model of the testing kit. */
export const claudeModel: FakeModel = (request): FakeReply => {
  const at = request.messages.findLastIndex(isPrompt)
  const prompt = wordsOf(request.messages[at])
  if (prompt.includes('FAKE:')) return scriptedModel(request)
  if (/overloaded/i.test(prompt) && request.attempt < 2)
    return { kind: 'error', status: 529, type: 'overloaded_error', message: 'Overloaded' }
  const scenario = SCENARIOS.find(([words]) => words.test(prompt))?.[1] ?? FALLBACK
  const round = request.messages.slice(at + 1).filter(({ role }) => role === 'assistant').length
  const refused = JSON.stringify(request.messages.at(-1)?.content ?? '').includes('refused')
  if (refused) return answer([text('Understood, I do not run it. Nothing was changed by this step. Tell me how to go on.')])
  return answer(scenario[Math.min(round, scenario.length - 1)] ?? [text('Done.')])
}

function answer(blocks: readonly FakeBlock[]): FakeReply {
  const stopReason = blocks.some(({ type }) => type === 'tool_use') ? 'tool_use' : 'end_turn'
  return { kind: 'answer', blocks, stopReason, paceMs: PACE_MS }
}
