/** Why a recording that is not in the table is left out, by the beginning of its name; the first that fits. */
export const LEFT_OUT: readonly (readonly [prefix: string, reason: string])[] = [
  ['screenshot-', 'the screen of a real tmux; only that there is one is modelled'],
  ['crash-3-', 'the screen of a real tmux; only that there is one is modelled'],
  ['remote-screenshot', 'the screen of a real tmux; only that there is one is modelled'],
  ['history-from-filter-human', 'people write through Telegram, which is not modelled'],
  ['history-human-voice-photo', 'people write through Telegram, which is not modelled'],
  ['send-text-edge-history', 'the sum of all recordings of sends, which are modelled one by one'],
  ['remote-client-mode-history', 'the sum of recordings under two modes of one host, which are modelled one by one'],
]
