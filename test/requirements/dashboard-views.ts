import type { Requirement } from './requirement.js'

const row = (id: string, behaviour: string): Requirement => ({ id: `dashboard.${id}`, source: 'issue 18', behaviour })

export const requirements: readonly Requirement[] = [
  row('timeline.spans', 'turns, queues, tools, waits for a person, retries, reconnects and gaps become spans, each with its end'),
  row('timeline.axis', 'zoom keeps the time under the pointer, pan moves by pixels, ticks are at round times'),
  row('timeline.detail', 'the number of shapes is bounded by the width, for any number of spans; no span is lost'),
  row('timeline.compare', 'two turns are compared from their start, with figures that count overlapping times once'),

  row('timeline.page', 'in Chromium the timeline shows, compares and follows turns in both modes; 10,000 spans stay bounded'),
  row(
    'cost.figures',
    'costs are divided by agent, session and day; reported and estimated stay apart; a cost that nobody told is not zero',
  ),
  row('words', 'durations beside each other are exact, ages do not jump, and a capability is explained in plain words'),
  row('cost.page', 'in Chromium the cost view shows sums, what they omit, and the budgets of the hub, in both modes'),
  row(
    'guard.attacks',
    'in Chromium each attack sends a real request and shows the real answer; one that passes is shown as not refused',
  ),
  row(
    'guard.credentials',
    'a page with admin lists credentials and withdraws one after a question; another page learns which command helps',
  ),
  row('guard.log', 'the audit log is live, holds still under the pointer and filters refusals'),
  row('guard.empty', 'without a gateway the view says why it is empty and what to do'),
]
