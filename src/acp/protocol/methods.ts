/** The method names of protocol version 1 that are used here. Any other request is refused as unknown. `session/fork` is not stable yet. */

export const PROTOCOL_VERSION = 1

/** Requests and notifications that the client sends to the agent. */
export const AGENT_METHODS = {
  initialize: 'initialize',
  authenticate: 'authenticate',
  newSession: 'session/new',
  forkSession: 'session/fork',
  loadSession: 'session/load',
  resumeSession: 'session/resume',
  listSessions: 'session/list',
  closeSession: 'session/close',
  setMode: 'session/set_mode',
  setConfigOption: 'session/set_config_option',
  prompt: 'session/prompt',
  cancel: 'session/cancel',
} as const

/** Requests and notifications that the agent sends to the client. */
export const CLIENT_METHODS = {
  update: 'session/update',
  requestPermission: 'session/request_permission',
  createElicitation: 'elicitation/create',
  completeElicitation: 'elicitation/complete',
  readTextFile: 'fs/read_text_file',
  writeTextFile: 'fs/write_text_file',
} as const
