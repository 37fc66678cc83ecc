import type { AgentState, Evidence } from 'signalbox/hub'
import type { JSX } from 'preact'
import { ago } from './format.js'

/** The name of a state, for people. */
export const STATE_WORDS: Readonly<Record<AgentState, string>> = {
  idle: 'Idle',
  running: 'Running',
  needs_answer: 'Needs an answer',
  stopped: 'Stopped',
  offline: 'Offline',
  unknown: 'Unknown',
}

const EVIDENCE_WORDS: Readonly<Record<Evidence['from'], string>> = {
  reported: 'reported',
  derived: 'derived',
  polled: 'polled',
}

/** What the words for the evidence mean. */
export const EVIDENCE_HELP: Readonly<Record<Evidence['from'], string>> = {
  reported: 'The system said so itself.',
  derived: 'The hub or this page concluded it from other events.',
  polled: 'Read at this time; the change may be older.',
}

/** How the state is known, as a sentence. */
export function evidenceText(evidence: Evidence | undefined, nowMs: number): string {
  if (!evidence) return 'no evidence yet'
  return `${EVIDENCE_WORDS[evidence.from]}, ${ago(evidence.at, nowMs)}`
}

const LAMPS: Readonly<Record<AgentState, JSX.Element>> = {
  idle: <circle cx="7" cy="8" r="3" class="lamp ring" />,
  running: <circle cx="7" cy="8" r="3.6" class="lamp" />,
  needs_answer: <path d="M7 3.4 11.6 8 7 12.6 2.4 8Z" class="lamp" />,
  stopped: <rect x="3.6" y="4.6" width="6.8" height="6.8" class="lamp" />,
  offline: <path d="M4 5l6 6M10 5l-6 6" class="lamp stroke" />,
  unknown: <path d="M4.2 6.6a2.8 2.8 0 1 1 4 2.6c-.8.4-1.2.9-1.2 1.8M7 13v.6" class="lamp stroke" />,
}
/** The angle of the arm: raised is "proceed", level is "stop", half is "caution". Without an arm the signal is out of use. */
const ARMS: Readonly<Record<AgentState, string | undefined>> = {
  idle: 'M10 8H21',
  running: 'M10 8 19 1.5',
  needs_answer: 'M10 8 20.5 4.6',
  stopped: 'M10 8H21',
  offline: undefined,
  unknown: undefined,
}

/** A state as a railway signal: shape of the lamp, angle of the arm, colour and word. The word is always there for screen readers. */
export function Signal({ state, word = true, title }: { state: AgentState; word?: boolean; title?: string }): JSX.Element {
  const arm = ARMS[state]
  return (
    <span class="signal" data-state={state} title={title}>
      <svg viewBox="0 0 22 20" width="26" height="24" aria-hidden="true">
        <path d="M7 8v11M3.5 19h7" class="mast" />
        {arm ? <path d={arm} class="arm" /> : null}
        {LAMPS[state]}
      </svg>
      <span class={word ? 'signal-word' : 'hidden-text'}>{STATE_WORDS[state]}</span>
    </span>
  )
}
