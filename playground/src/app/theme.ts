/** Dark or light: the choice of this browser, or else the choice of the system. */
import { signal, type ReadonlySignal } from '@preact/signals'

const KEY = 'signalbox.theme'
type Theme = 'dark' | 'light'

/** The theme, and a function that switches it. */
export function createTheme(): { readonly theme: ReadonlySignal<Theme>; toggle(): void } {
  const query = matchMedia('(prefers-color-scheme: dark)')
  const kept = localStorage.getItem(KEY)
  const theme = signal<Theme>(kept === 'dark' || kept === 'light' ? kept : query.matches ? 'dark' : 'light')
  const show = (): void => {
    document.documentElement.dataset.theme = theme.value
    document.querySelector('meta[name=theme-color]')?.setAttribute('content', theme.value === 'dark' ? '#141d1f' : '#fbfaf6')
  }
  query.addEventListener('change', () => {
    if (localStorage.getItem(KEY) !== null) return
    theme.value = query.matches ? 'dark' : 'light'
    show()
  })
  show()
  return {
    theme,
    toggle() {
      theme.value = theme.value === 'dark' ? 'light' : 'dark'
      localStorage.setItem(KEY, theme.value)
      show()
    },
  }
}
