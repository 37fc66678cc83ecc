/** Three ways of paging, told as two generators each: pages, and the items of all pages. */

export async function* each<Page, Item>(
  pages: AsyncIterable<Page>,
  items: (page: Page) => readonly Item[],
): AsyncGenerator<Item, void> {
  for await (const page of pages) yield* items(page)
}

/** The relay's opaque cursor. `hasMore: false` ends it, whatever cursor came along. */
export async function* byCursor<Page extends { readonly nextCursor?: string | undefined; readonly hasMore?: boolean }>(
  fetch: (cursor: string) => Promise<Page>,
  start = '',
): AsyncGenerator<Page, void> {
  let cursor = start
  for (;;) {
    const page = await fetch(cursor)
    yield page
    const next = page.nextCursor ?? ''
    // The same cursor again would give the same page for ever.
    if (next === '' || page.hasMore === false || next === cursor) return
    cursor = next
  }
}

export interface OffsetAnswer {
  readonly items: readonly unknown[]
  readonly offset: number
  readonly perPage: number
  readonly total: number
}

export interface OffsetPageInit {
  readonly offset: number
  readonly perPage: number
}

/** Without a page size the relay takes its own, and always its first page: upstream asks it so, and the bytes are theirs. */
export function offsetPage(page = 1, perPage = 0): OffsetPageInit {
  return perPage > 0 ? { offset: (Math.max(Math.trunc(page), 1) - 1) * perPage, perPage } : { offset: 0, perPage: 0 }
}

/**
 * By the page size that the answer names. The core turns an offset into a page number by division, so every offset must be a multiple
 * of the size: a short page that is not the last must not shift the next one.
 */
export async function* byOffset<Page extends OffsetAnswer>(
  fetch: (page: OffsetPageInit) => Promise<Page>,
  start: OffsetPageInit,
): AsyncGenerator<Page, void> {
  let ask = start
  for (;;) {
    const page = await fetch(ask)
    yield page
    const perPage = page.perPage > 0 ? page.perPage : ask.perPage || page.items.length
    const next = (Math.floor(page.offset / Math.max(perPage, 1)) + 1) * perPage
    if (page.items.length === 0 || next >= page.total || next <= ask.offset) return
    ask = { offset: next, perPage }
  }
}

/** The platform's page numbers. */
export async function* byNumber<
  Page extends { readonly hasNext: boolean; readonly nextPage?: number | undefined; readonly page: number },
>(fetch: (page: number | undefined) => Promise<Page>, start?: number): AsyncGenerator<Page, void> {
  let number = start
  for (;;) {
    const page = await fetch(number)
    yield page
    const next = page.nextPage ?? page.page + 1
    if (!page.hasNext || next <= page.page) return
    number = next
  }
}
