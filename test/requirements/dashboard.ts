import type { Requirement } from './requirement.js'

const row = (id: string, behaviour: string): Requirement => ({ id: `dashboard.${id}`, source: 'issue 18', behaviour })

export const requirements: readonly Requirement[] = [
  row(
    'opens',
    'the page opens from a static host without a server and is interactive within a second, its worker included in the files',
  ),
  row('soon', 'the page can be used before its worker answers, and needs few requests until then'),
  row('size', 'the files of the first load, with the worker and its first agents, are at most 150 KB gzip'),
  row('policy', 'the page works under a policy without unsafe sources, and nothing is loaded from another host'),
  row('fleet', 'every agent is a row with state, evidence, turn, asks, cost and capabilities; filter and groups work by keyboard'),
  row(
    'work',
    'a conversation streams, thinking is folded, a tool shows input and output, and a prompt is sent to one agent or several',
  ),
  row('work.resume', 'a conversation and the fleet resume from a cursor after a reload: nothing twice and nothing missing'),
  row('asks.focus', 'after an answer the focus stays at its card, which says what was answered; a secret is not told'),
  row('work.choice', 'a choice of several agents ends when one agent is shown, so a prompt goes to the agents that are shown'),
  row('asks', 'asks of all agents stand oldest first; one is answered by mouse or keyboard, and who answered is shown'),
  row('asks.inert', 'an ask is inert for half a second after it appears, and no control of an ask has the focus by itself'),
  row('asks.still', 'an answered ask keeps its place for a while, so that nothing moves under the pointer'),
  row('asks.secret', 'a PIN is masked, and gone from the page after its use'),
  row('newcomer', 'from the opened page to the first approved tool call in five clicks or less'),
  row('access', 'axe finds no violation in fleet, work and asks, in light, dark and on a phone'),
  row('keyboard', 'every action of every view is reached by keyboard alone and has a name'),
  row('journal', 'timeline and cost read the journal once: shown again, they go on from where they were left'),
  row('motion', 'nothing is animated for a person who wants reduced motion'),
  row('attention', 'an open ask is in the title and, after a click that allowed it, a notification while the page is hidden'),
  row('sessions', 'a session is opened with what the agent offers, resumed, forked and closed; a failure is shown in the dialog'),
  row('errors', 'an error is shown where it happened, with code, sent and the next step'),
  row('load', 'a thousand events a second leave frames under 20 ms at the 95th percentile and the memory flat'),
  row('model', 'the model shows no state beside a contradicting fact, and keeps bounded lists'),
]
