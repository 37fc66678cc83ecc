/** The next page of a list, and the end of a list for any answer of the server. */
import { describe, expect, it } from 'vitest'
import { listed, type Context } from '../../src/cmdop/namespaces/context.js'
import { byCursor, byNumber, byOffset } from '../../src/cmdop/pages.js'

describe('a list by cursor', () => {
  it.each([
    ['goes on with the next cursor', { nextCursor: 'b', hasMore: true }, 'b'],
    ['goes on where nothing is said of more', { nextCursor: 'b' }, 'b'],
    ['ends where no more is said to come, whatever cursor came along', { nextCursor: 'b', hasMore: false }, undefined],
    ['ends without a cursor', { hasMore: true }, undefined],
    ['ends with an empty cursor', { nextCursor: '', hasMore: true }, undefined],
  ])('%s [cmdop.paging.cursor]', (_what, page, next) => {
    expect(byCursor.next(page, 'a', 'x')).toBe(next)
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
  ])('%s [cmdop.paging.offset]', (_what, page, next) => {
    expect(byOffset.next(page, first, 'x')).toEqual(next)
  })

  it('without a size advances by the number of received items [cmdop.paging.offset]', () => {
    const page = { items: items(4), offset: 0, perPage: 0, total: 9 }
    expect(byOffset.next(page, { offset: 0, perPage: 0 }, 'x')).toEqual({ offset: 4, perPage: 4 })
  })

  it('starts at the requested page, and refuses a page without a size [cmdop.paging.offset]', () => {
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
  ])('%s [cmdop.paging.number]', (_what, page, next) => {
    expect(byNumber.next(page, 1, 'x')).toBe(next)
  })
})

describe('a list whose server does not advance', () => {
  const reading = (answers: readonly object[]) => {
    const asked: unknown[] = []
    const invoke = async (_op: string, request: object) => {
      asked.push(request)
      return answers[asked.length - 1] ?? answers.at(-1)
    }
    return { asked, context: { invoke, fleet: () => ({ fleetId: 'f' }) } as unknown as Context }
  }
  const names = async (list: AsyncIterable<unknown>): Promise<unknown[]> => {
    const out: unknown[] = []
    for await (const item of list) out.push(item)
    return out
  }

  it.each([
    ['the same cursor', [{ items: ['a'], nextCursor: '2', hasMore: true }], 2],
    [
      'a cycle of cursors',
      [
        { items: ['a'], nextCursor: '2', hasMore: true },
        { items: ['b'], nextCursor: '3', hasMore: true },
        { items: ['c'], nextCursor: '2', hasMore: true },
      ],
      3,
    ],
  ])('fails with protocol at %s, before a page is read twice [cmdop.paging.stuck]', async (_what, answers, reads) => {
    const { context, asked } = reading(answers)
    const { iter } = listed(context, 'machines.list', byCursor, () => [{}, {}])
    await expect(names(iter())).rejects.toMatchObject({ name: 'CmdopError', code: 'protocol', sent: 'yes' })
    expect(asked.length).toBe(reads)
  })

  it('fails with protocol at a repeated offset [cmdop.paging.stuck]', async () => {
    const { context } = reading([{ items: ['a'], offset: 0, perPage: 1, total: 3 }])
    const { iter } = listed(context, 'fleets.list', byOffset, () => [{}, {}])
    await expect(names(iter())).rejects.toMatchObject({ code: 'protocol', op: 'fleets.list', sent: 'yes' })
  })

  it('fails with protocol at a repeated page number, and at a lower one [cmdop.paging.stuck]', async () => {
    const again = reading([{ results: ['a'], page: 1, hasNext: true }])
    const repeated = listed(again.context, 'skills.list', byNumber, () => [{}, {}])
    await expect(names(repeated.iter())).rejects.toMatchObject({ code: 'protocol', sent: 'yes' })
    const back = reading([{ results: ['a'], page: 3, hasNext: true, nextPage: 3 }])
    const behind = listed(back.context, 'skills.list', byNumber, () => [{}, { page: 3 }])
    await expect(names(behind.iter())).rejects.toMatchObject({ code: 'protocol', sent: 'yes' })
  })
})
