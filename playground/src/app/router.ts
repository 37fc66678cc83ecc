/** The address inside the page: the fragment, such as `#/asks` or `#/timeline?session=1`. */
import { signal, type ReadonlySignal } from '@preact/signals'

/** An address inside the page. */
export interface Route {
  readonly view: string
  /** The decoded parts after the view. */
  readonly rest: readonly string[]
  readonly params: URLSearchParams
}

/** Reads a fragment. An empty or foreign fragment is the fleet. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  const [view = '', ...rest] = path.split('/')
  const known = /^[a-z]+$/.test(view)
  return { view: known ? view : 'fleet', rest: known ? rest.map(decode) : [], params: new URLSearchParams(query) }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** The current route, and a function that changes it. */
export function createRouter(): { readonly route: ReadonlySignal<Route>; navigate(to: string): void } {
  const route = signal(parseRoute(location.hash))
  addEventListener('hashchange', () => {
    route.value = parseRoute(location.hash)
  })
  return {
    route,
    navigate(to) {
      const wanted = `#/${to.replace(/^#?\/?/, '')}`
      if (location.hash !== wanted) location.hash = wanted
    },
  }
}
