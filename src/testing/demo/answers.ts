/** What the simulated agents of CCC and CMDOP do with the prompts of the demo, as marks for their simulators; see `docs/testing.md`. */

const CCC: Readonly<Record<string, string>> = {
  'Which tests are slow?': '[[sleep 6]][[reply The three import tests take 41 of 58 seconds: they start a server each.]]',
  'Summarise the open pull requests.':
    '[[sleep 4]][[reply Two are open: the date parser and the order index. Both wait for a review.]]',
  'Is the bundle larger than last week?': '[[sleep 5]][[reply Yes, by 3.2 KB gzip: a second copy of the icons.]]',
  'Rename the component Box to Panel.': '[[sleep 9]][[reply Renamed in 14 files. Nothing else changed.]]',
}

const CMDOP: Readonly<Record<string, string>> = {
  'Restart nginx.':
    '[[say I check the configuration first. It is valid.]][[confirm systemctl restart nginx]][[say nginx runs again; no request failed.]]',
  'How full is the disk?': '[[say 71 % of 200 GB are used. The logs grew by 2 GB today.]]',
  'Show the slowest query of today. (The PIN of this demo is 2468.)':
    '[[pin 2468]][[say The order page: 812 ms, 4,182,113 rows read.]]',
  'Clean the build cache.': '[[danger rm -rf /var/cache/build]][[say 38 GB are free again.]]',
  'Run the nightly backup now.': '[[fail The disk of the backup is full.]]',
}

const hasMarks = (prompt: string): boolean => prompt.includes('[[')

/** The marks for a prompt of a CCC agent; undefined where the prompt has marks of its own. */
export function cccAnswer(prompt: string): string | undefined {
  if (hasMarks(prompt)) return undefined
  if (Object.hasOwn(CCC, prompt)) return CCC[prompt]
  const answer = /tests?\b/i.test(prompt)
    ? 'Two of 214 tests fail. Both parse the last day of a month.'
    : `I am a simulated agent, so I only repeat: ${prompt}`
  return `[[sleep 3]][[reply ${answer}]]`
}

/** The marks for a prompt of a CMDOP machine; undefined where the prompt has marks of its own or is not known. */
export function cmdopAnswer(prompt: string): string | undefined {
  return Object.hasOwn(CMDOP, prompt) ? CMDOP[prompt] : undefined
}
