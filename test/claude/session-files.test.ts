/** Session files with too long lines, and paths that are not session files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SignalboxError } from '../../src/index.js'
import { followSessionFile, readSessionFile } from '../../transports/node/index.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-session-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const lineOf = (name: string, bytes: number): string => {
  const bare = JSON.stringify({ type: name, pad: '' })
  return JSON.stringify({ type: name, pad: 'x'.repeat(Math.max(0, bytes - bare.length)) })
}

async function typesOf(
  path: string,
  options: { from?: number; maxLineBytes: number },
): Promise<{ types: string[]; nexts: number[] }> {
  const types: string[] = []
  const nexts: number[] = []
  for await (const { entries, next } of readSessionFile(path, options)) {
    types.push(...entries.map(({ type }) => type))
    nexts.push(next)
  }
  return { types, nexts }
}

test('[claude.session-files] a line that is too long is skipped alone, wherever the chunks end', async () => {
  const path = join(folder, 'session.jsonl')
  const maxLineBytes = 100_000
  let seed = 7
  const random = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return seed / 2 ** 31
  }
  for (let round = 0; round < 30; round += 1) {
    const lines = Array.from({ length: 40 }, (_, count) => {
      const size = random() < 0.3 ? 100_001 + Math.floor(random() * 400_000) : 30 + Math.floor(random() ** 4 * 99_000)
      return { type: `t${count}`, size, text: lineOf(`t${count}`, size) }
    })
    writeFileSync(path, `${lines.map(({ text }) => text).join('\n')}${random() < 0.5 ? '\n' : ''}`)
    const wanted = lines.filter(({ size }) => size <= maxLineBytes).map(({ type }) => type)
    const { types, nexts } = await typesOf(path, { maxLineBytes })
    expect(types).toEqual(wanted)
    // A reader that continues from any cursor gets the rest, once.
    const from = nexts[Math.floor(nexts.length / 2)] ?? 0
    const before = lines.filter(({ size }) => size <= maxLineBytes)
    const rest = (await typesOf(path, { from, maxLineBytes })).types
    expect(rest).toEqual(before.slice(before.length - rest.length).map(({ type }) => type))
  }
})

test('[claude.session-files] a short file with one line that is too long gives the lines around it', async () => {
  const path = join(folder, 'short.jsonl')
  writeFileSync(path, `${lineOf('before', 50)}\n${lineOf('long', 300)}\n${lineOf('after', 50)}\n${lineOf('last', 60)}`)
  expect((await typesOf(path, { maxLineBytes: 100 })).types).toEqual(['before', 'after', 'last'])
})

test('[claude.session-files] an unreadable file is a typed error', async () => {
  for (const read of [readSessionFile(folder), followSessionFile(folder)]) {
    const error: unknown = await read.next().catch((cause: unknown) => cause)
    expect(SignalboxError.is(error)).toBe(true)
  }
})

test('[claude.session-files] an abort gives an aborted error with its reason', async () => {
  const path = join(folder, 'long.jsonl')
  writeFileSync(path, `${lineOf('one', 200_000)}\n`.repeat(10))
  const controller = new AbortController()
  const reason = new Error('enough')
  const error: unknown = await (async () => {
    for await (const _batch of readSessionFile(path, { signal: controller.signal })) controller.abort(reason)
  })().catch((cause: unknown) => cause)
  expect(error).toMatchObject({ code: 'aborted', cause: reason })
  expect(SignalboxError.is(error)).toBe(true)
})
