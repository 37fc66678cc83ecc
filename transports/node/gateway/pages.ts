/** Static pages, read once at the start. They are served from a table, so no request can name another file. */
import { readdir, readFile } from 'node:fs/promises'
import { extname, join, relative, resolve, sep } from 'node:path'
import { SignalboxError } from '../../../src/errors.js'

/** One page with its headers. */
export interface Page {
  /** The headers of the response: the content type, and what keeps other sites out. */
  readonly headers: Readonly<Record<string, string>>
  /** The bytes of the file. */
  readonly body: Uint8Array
}

/** Pages by path. */
export interface Pages {
  /**
   * The page for a request target; a query is ignored. Undefined when there is none.
   *
   * @example
   * import { loadPages } from 'signalbox/node'
   *
   * const pages = await loadPages('./public')
   * console.log(pages.find('/index.html')?.headers)
   */
  find(target: string): Page | undefined
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}

// Only the page's own scripts run, it can connect only to its own gateway, it cannot be framed, and it sends no referrer.
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
}

/**
 * Reads the pages of a folder, once. Throws `invalid_argument` when the folder cannot be read.
 *
 * @example
 * import { loadPages, serveGateway } from 'signalbox/node'
 *
 * await using served = await serveGateway({ upstreams: {}, pages: await loadPages('./public') })
 * console.log(served.url)
 */
export async function loadPages(folder: string): Promise<Pages> {
  const table = new Map<string, Page>()
  const root = resolve(folder)
  const files = await readdir(root, { recursive: true, withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    const message = `The pages in ${folder} cannot be read (${cause.code ?? 'failed'}).`
    throw new SignalboxError({ code: 'invalid_argument', message, hint: 'Name the folder that holds index.html.', cause })
  })
  for (const file of files) {
    const type = TYPES[extname(file.name)]
    if (!file.isFile() || type === undefined) continue
    const path = join(file.parentPath, file.name)
    const name = `/${relative(root, path).split(sep).join('/')}`
    table.set(name, { headers: { ...HEADERS, 'content-type': type }, body: await readFile(path) })
  }
  const index = table.get('/index.html')
  if (index) table.set('/', index)
  return { find: (target) => table.get(target.split('?')[0] ?? '') }
}
