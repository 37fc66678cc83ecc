/** Where a list goes on, and that it ends whatever a server says. */
import { describe, expect, it } from 'vitest'
import { byCursor, byNumber, byOffset } from '../../src/cmdop/pages.js'

describe('a list by cursor', () => {
  it.each([
    ['goes on with the next cursor', { nextCursor: 'b', hasMore: true }, 'b'],
    ['goes on where nothing is said of more', { nextCursor: 'b' }, 'b'],
    ['ends where no more is said to come, whatever cursor came along', { nextCursor: 'b', hasMore: false }, undefined],
    ['ends without a cursor', { hasMore: true }, undefined],
    ['ends with an empty cursor', { nextCursor: '', hasMore: true }, undefined],
    ['ends where the same page would come again', { nextCursor: 'a', hasMore: true }, undefined],
  ])('%s [cmdop.paging.cursor]', (_what, page, next) => {
    expect(byCursor.next(page, 'a')).toBe(next)
  })
})

describe('a list by offset', () => {
  const items = (count: number) => Array.from({ length: count })
  const first = { offset: 0, perPage: 10 }

  it.each([
    [
      'goes on by the size that was asked for',
      { items: items(10), offset: 0, perPage: 10, total: 25 },
      { offset: 10, perPage: 10 },
    ],
    ['goes on by the size that the server chose', { items: items(5), offset: 0, perPage: 5, total: 25 }, { offset: 5, perPage: 5 }],
    ['is not shifted by a short page', { items: items(7), offset: 0, perPage: 10, total: 25 }, { offset: 10, perPage: 10 }],
    ['asks for multiples of the size only', { items: items(10), offset: 3, perPage: 10, total: 25 }, { offset: 10, perPage: 10 }],
    [
      'goes on by what it asked where no size is told',
      { items: items(4), offset: 0, perPage: 0, total: 25 },
      { offset: 10, perPage: 10 },
    ],
    ['ends at the total', { items: items(5), offset: 20, perPage: 10, total: 25 }, undefined],
    ['ends at an empty page, whatever the total', { items: [], offset: 0, perPage: 10, total: 25 }, undefined],
    ['ends where a server forgets the offset', { items: items(10), offset: -10, perPage: 10, total: 25 }, undefined],
  ])('%s [cmdop.paging.offset]', (_what, page, next) => {
    expect(byOffset.next(page, first)).toEqual(next)
  })

  it('without any size goes on by what came [cmdop.paging.offset]', () => {
    const page = { items: items(4), offset: 0, perPage: 0, total: 9 }
    expect(byOffset.next(page, { offset: 0, perPage: 0 })).toEqual({ offset: 4, perPage: 4 })
  })

  it('starts at the page that is asked for, and refuses one without a size [cmdop.paging.offset]', () => {
    expect(byOffset.start({ page: 3, perPage: 10 }, 'x')).toEqual({ offset: 20, perPage: 10 })
    expect(byOffset.start({ page: 0, perPage: 10 }, 'x')).toEqual(first)
    expect(byOffset.start({}, 'x')).toEqual({ offset: 0, perPage: 0 })
    expect(() => byOffset.start({ page: 2 }, 'x')).toThrow(/needs perPage/)
  })
})

describe('a list by page numbers', () => {
  it.each([
    ['goes on with the number that is told', { page: 1, hasNext: true, nextPage: 4 }, 4],
    ['goes on with the next one where none is told', { page: 1, hasNext: true }, 2],
    ['ends where there is no next', { page: 1, hasNext: false, nextPage: 2 }, undefined],
    ['ends where the next one lies behind', { page: 3, hasNext: true, nextPage: 3 }, undefined],
  ])('%s [cmdop.paging.number]', (_what, page, next) => {
    expect(byNumber.next(page, 1)).toBe(next)
  })
})
