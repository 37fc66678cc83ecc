/** What an agent can do, as short words with an explanation. */
import type { Capabilities } from 'signalbox/hub'

/** One capability for people. */
export interface CapabilityChip {
  readonly word: string
  readonly about: string
}

const SESSION_WORDS: Readonly<Record<string, string>> = {
  list: 'listed',
  create: 'opened',
  resume: 'resumed',
  fork: 'forked',
  close: 'closed',
}

/** The capabilities that are there, the most telling first. */
export function capabilityChips(can: Capabilities): readonly CapabilityChip[] {
  const chips: (CapabilityChip | undefined | false)[] = [
    can.prompt && { word: 'prompt', about: 'Takes prompts' },
    can.stream?.text && { word: 'stream', about: 'Streams its text while it writes' },
    can.stream?.tools && { word: 'tools', about: 'Shows the tools that it calls' },
    can.stream?.thinking && { word: 'thinking', about: 'Shows its reasoning' },
    can.asks && {
      word: 'asks',
      about: `Asks a person (${can.asks.kinds.join(', ')}). ${can.asks.confirmsDelivery ? 'It confirms each answer' : 'It gives no proof that an answer arrived'}`,
    },
    can.cancel && {
      word: 'cancel',
      about: can.cancel.keepsSession ? 'Stops a turn and keeps the session' : 'Stopping a turn ends the session',
    },
    can.queue && { word: 'queue', about: `Takes up to ${can.queue.depth} ${can.queue.depth === 1 ? 'prompt' : 'prompts'} at once` },
    can.sessions && {
      word: 'sessions',
      about: `Sessions can be ${Object.keys(can.sessions)
        .flatMap((name) => SESSION_WORDS[name] ?? [])
        .join(', ')}`,
    },
    can.history && {
      word: 'history',
      about: can.history.complete ? 'Its whole history can be read' : 'A part of its history can be read',
    },
    can.usage && { word: 'usage', about: can.usage.cost ? `Tokens and cost, ${can.usage.cost}` : 'Tokens' },
    can.dedupe && {
      word: 'dedupe',
      about:
        can.dedupe === 'by_search'
          ? 'After a lost answer, the hub finds the prompt in the history'
          : 'A prompt that is repeated with its id runs once',
    },
    can.group && { word: 'group', about: 'Is a group of agents' },
    can.terminal && { word: 'terminal', about: 'Has a terminal' },
  ]
  return chips.filter((chip): chip is CapabilityChip => Boolean(chip))
}
