/** Three ways of paging, each told by where it starts, how it asks for a step, and where it goes on. */
import { refused } from './errors.js'

export interface Paging<Step, Options, Page> {
  start(options: Options, op: string): Step
  ask(step: Step): object
  /** The step after this page; undefined at the end. */
  next(page: Page, step: Step): Step | undefined
}

export interface CursorOptions {
  readonly cursor?: string
}
export interface CursorAnswer {
  readonly nextCursor?: string | undefined
  readonly hasMore?: boolean
}

/** The relay's opaque cursor. `hasMore: false` ends it, whatever cursor came along. */
export const byCursor: Paging<string, CursorOptions, CursorAnswer> = {
  start: ({ cursor = '' }) => cursor,
  ask: (cursor) => ({ cursor }),
  // The same cursor again would give the same page for ever.
  next: ({ nextCursor, hasMore }, cursor) => (hasMore === false || nextCursor === cursor ? undefined : nextCursor || undefined),
}

export interface PageOptions {
  /** Counts from 1. Needs `perPage`: a relay that is told no size gives its first page, whatever the number. */
  readonly page?: number
  readonly perPage?: number
}
export interface OffsetAnswer {
  readonly items: readonly unknown[]
  readonly offset: number
  readonly perPage: number
  readonly total: number
}
interface OffsetStep {
  readonly offset: number
  readonly perPage: number
}

/**
 * By the page size that the answer names. The core turns an offset into a page number by division, so every offset must be a multiple
 * of the size: a short page that is not the last must not shift the next one.
 */
export const byOffset: Paging<OffsetStep, PageOptions, OffsetAnswer> = {
  // Without a page size the relay takes its own, and always its first page: upstream asks it so, and the bytes are theirs.
  start({ page = 1, perPage = 0 }, op) {
    if (perPage > 0) return { offset: (Math.max(Math.trunc(page), 1) - 1) * perPage, perPage }
    if (page > 1) throw refused(op, `page ${page} needs perPage: without it the relay gives its first page.`)
    return { offset: 0, perPage: 0 }
  },
  ask: (page) => ({ page }),
  next(page, asked) {
    const perPage = page.perPage > 0 ? page.perPage : asked.perPage || page.items.length
    const offset = (Math.floor(page.offset / Math.max(perPage, 1)) + 1) * perPage
    return page.items.length === 0 || offset >= page.total || offset <= asked.offset ? undefined : { offset, perPage }
  },
}

export interface NumberAnswer {
  readonly page: number
  readonly hasNext: boolean
  readonly nextPage?: number | undefined
}

/** The platform's page numbers. */
export const byNumber: Paging<number | undefined, { readonly page?: number }, NumberAnswer> = {
  start: ({ page }) => page,
  ask: (page) => ({ page }),
  next({ page, hasNext, nextPage = page + 1 }) {
    return hasNext && nextPage > page ? nextPage : undefined
  },
}
