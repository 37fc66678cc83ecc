/** Lets one message at a time use a prompt line, in the order of arrival. A message that gives up while it waits leaves no trace. */

export interface Turn {
  /** Resolves when the messages before are done. Undefined: there is none, so this message may go at once. */
  readonly before: Promise<void> | undefined
  /** Ends the turn, or gives up the place in the queue. */
  leave(): void
}

export function createPromptQueue(): (promptLine: string) => Turn {
  const last = new Map<string, Promise<void>>()
  return (promptLine) => {
    let leave!: () => void
    const before = last.get(promptLine)
    const left = new Promise<void>((resolve) => {
      leave = resolve
    })
    const done = before ? before.then(() => left) : left
    last.set(promptLine, done)
    void done.then(() => last.get(promptLine) === done && last.delete(promptLine))
    return { before, leave }
  }
}
