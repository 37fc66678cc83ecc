/** Runs the callback once when the signal aborts, or now if it has. Returns a function that stops listening, which may be called twice. */
export function onAbort(signal: AbortSignal | undefined, run: () => void): () => void {
  if (signal?.aborted) run()
  else signal?.addEventListener('abort', run, { once: true })
  return () => signal?.removeEventListener('abort', run)
}
