/** The three ways in which CMDOP pages its lists. Each says where a list starts, what a step asks for, and which step comes next. */
import { CmdopError, refused } from './errors.js'

export interface Paging<Step, Options, Page> {
  start(options: Options, op: string): Step
  ask(step: Step): object
  /** True if the server gave an earlier page than the step asked for: its items were read before. */
  isBehind(page: Page, step: Step): boolean
  /** The step after this page; undefined at the end of the list. Throws if the page names itself or an earlier one as the next. */
  next(page: Page, step: Step, op: string): Step | undefined
}

/** A server that gives the same page again would make `iter()` endless, so the list fails instead. */
export function notAdvancing(op: string): CmdopError {
  return new CmdopError({
    code: 'protocol',
    op,
    message: `${op}: the server gave an earlier page again, so the rest of this list cannot be read.`,
    hint: 'The cores 1.0.2 to 1.1.1 give only the first page of keys.list. Read it with list(), or read all pages with cmdopRest().',
    sent: 'yes',
  })
}

/** Where a list by cursor starts. */
export interface CursorOptions {
  /** `nextCursor` of an earlier page. */
  readonly cursor?: string
}
export interface CursorAnswer {
  readonly nextCursor?: string | undefined
  readonly hasMore?: boolean
}

/** The relay's opaque cursor. The list ends at `hasMore: false`, even if a cursor comes with it. */
export const byCursor: Paging<string, CursorOptions, CursorAnswer> = {
  start: ({ cursor = '' }) => cursor,
  ask: (cursor) => ({ cursor }),
  // A cursor does not say which page it gave. `listed` fails when a cursor comes a second time.
  isBehind: () => false,
  next: ({ nextCursor, hasMore }) => (hasMore === false ? undefined : nextCursor || undefined),
}

/** Which page of a list by offset is wanted. */
export interface PageOptions {
  /** Counts from 1. Needs `perPage`: without a page size the relay gives its first page, whatever the number. */
  readonly page?: number
  /** Items per page. Default: the server's own size. */
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
 * Goes on by the page size that the answer names. The core divides the offset by the size to get a page number, so every offset must be
 * a multiple of the size: a short page before the last one must not shift the next offset.
 */
export const byOffset: Paging<OffsetStep, PageOptions, OffsetAnswer> = {
  // Without a page size the published SDKs send zeros. The relay then gives its first page, with its default size.
  start({ page = 1, perPage = 0 }, op) {
    if (!Number.isInteger(perPage)) throw refused(op, `perPage is ${perPage}; it must be a whole number.`)
    if (!Number.isInteger(page)) throw refused(op, `page is ${page}; it must be a whole number.`)
    if (perPage > 0) return { offset: (Math.max(page, 1) - 1) * perPage, perPage }
    if (page > 1) throw refused(op, `page ${page} needs perPage: without it the relay gives its first page.`)
    return { offset: 0, perPage: 0 }
  },
  ask: (page) => ({ page }),
  isBehind: (page, requested) => page.offset < requested.offset,
  next(page, requested) {
    const perPage = page.perPage > 0 ? page.perPage : requested.perPage || page.items.length
    const offset = (Math.floor(page.offset / Math.max(perPage, 1)) + 1) * perPage
    return page.items.length === 0 || offset >= page.total ? undefined : { offset, perPage }
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
  isBehind: ({ page }, requested = page) => page < requested,
  next({ page, hasNext, nextPage = page + 1 }, _asked, op) {
    if (!hasNext) return undefined
    if (nextPage <= page) throw notAdvancing(op)
    return nextPage
  },
}
