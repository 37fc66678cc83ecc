/** The address of an agent in the view Work, for `navigate`. With a session, prompts go to it. */
export const workAddress = (agent: string, session?: string): string =>
  `work/${encodeURIComponent(agent)}${session === undefined ? '' : `?session=${encodeURIComponent(session)}`}`

/** The same as the target of a link. */
export const workLink = (agent: string): string => `#/${workAddress(agent)}`
