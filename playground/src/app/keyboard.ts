/** The keys of the page. A key that is typed into a field is text and no command. */

/** True when the key belongs to the element that has the focus. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null
  return target !== null && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

/** Listens for ctrl-k or cmd-k, `?`, and `g` followed by the key of a view. Returns the function that stops it. */
export function listenKeys(actions: { palette(): void; help(): void; view(key: string): boolean }): () => void {
  let afterG = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const onKey = (event: KeyboardEvent): void => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault()
      return actions.palette()
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event) || document.querySelector('dialog[open]')) return
    if (afterG && actions.view(event.key)) {
      afterG = false
      return event.preventDefault()
    }
    afterG = event.key === 'g'
    clearTimeout(timer)
    timer = setTimeout(() => {
      afterG = false
    }, 1_500)
    if (event.key === '?') {
      event.preventDefault()
      actions.help()
    }
  }
  addEventListener('keydown', onKey)
  return () => removeEventListener('keydown', onKey)
}
