/** Runs once when the signal aborts, now if it has. Gives the way to stop listening; calling that twice is harmless. */
export function onAbort(signal: AbortSignal | undefined, run: () => void): () => void {
  if (signal?.aborted) run()
  else signal?.addEventListener('abort', run, { once: true })
  return () => signal?.removeEventListener('abort', run)
}
