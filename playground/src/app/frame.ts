/** Runs a function before the next frame. A hidden page has no frames, so it runs four times a second there. */
export function nextFrame(run: () => void): void {
  if (document.visibilityState === 'visible') requestAnimationFrame(run)
  else setTimeout(run, 250)
}
