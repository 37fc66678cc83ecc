/** The scope of each command at a gateway. A command that is not here needs `admin`. */
export const CCC_SCOPES = {
  ping: 'observe',
  sessions: 'observe',
  history: 'observe',
  activity: 'observe',
  screenshot: 'observe',
  questions: 'observe',
  subscribe: 'observe',
  send: 'send',
  ask: 'send',
  // Kills Claude, also during a turn, and starts it again.
  continue: 'admin',
  answer: 'approve',
} as const
