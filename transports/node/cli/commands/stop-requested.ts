/** Resolves at ctrl-c, or when the program is asked to end with SIGTERM or SIGHUP. */
export function stopRequested(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const names = ['SIGTERM', 'SIGHUP'] as const
    const stop = (): void => {
      for (const name of names) process.removeListener(name, stop)
      signal.removeEventListener('abort', stop)
      resolve()
    }
    for (const name of names) process.on(name, stop)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
  })
}
