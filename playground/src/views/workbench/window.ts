/** Which items of a conversation are in the page. Pure. `start` is undefined while the reader follows the end. */

/** The most items in the page at once. */
export const WINDOW = 120
/** The items in the page while the reader follows the end: fewer, because each new item lays them out again. */
export const FOLLOWED = 40

/** The first item in the page. */
export function startOfWindow(length: number, start: number | undefined): number {
  return start === undefined ? Math.max(0, length - FOLLOWED) : Math.min(start, Math.max(0, length - 1))
}

/** The item after the last one in the page. */
export function endOfWindow(length: number, start: number | undefined): number {
  return start === undefined ? length : Math.min(length, startOfWindow(length, start) + WINDOW)
}
