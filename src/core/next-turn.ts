interface WithImmediate {
  setImmediate?(callback: () => void): unknown
}

/**
 * Calls back in the next turn of the event loop, behind all promises of this one. `setImmediate`, where the runtime has it, calls in the order
 * of asking; the order of a timer of 0 ms depends on how fast the process is.
 */
export function inNextTurn(callback: () => void): void {
  const { setImmediate } = globalThis as WithImmediate
  if (setImmediate) setImmediate(callback)
  else setTimeout(callback, 0)
}
