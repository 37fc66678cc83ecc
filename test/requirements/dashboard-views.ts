import type { Requirement } from './requirement.js'

const row = (id: string, behaviour: string): Requirement => ({ id: `dashboard.${id}`, source: 'issue 18', behaviour })

export const requirements: readonly Requirement[] = [
  row('timeline.spans', 'turns, queues, tools, waits for a person, retries, reconnects and gaps become spans, each with its end'),
  row('timeline.axis', 'zoom keeps the time under the pointer, pan moves by pixels, ticks are at round times'),
  row('timeline.detail', 'the number of shapes is bounded by the width, whatever the number of spans; no span is lost'),
  row('timeline.compare', 'two turns are compared from their start, with figures that count overlapping times once'),

  row('timeline.page', 'in Chromium the timeline shows, compares and follows turns in both modes; 10,000 spans stay bounded'),
]
