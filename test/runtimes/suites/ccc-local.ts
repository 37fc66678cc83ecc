/** CCC where there are sockets and files: the client over a unix socket, and the history on disk. */
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check, checkEqual, checkRejects, runCases, type Case } from '../../../src/testing/index.js'
import { cccHistoryFiles, cccSocket, listenUnix } from '../../../transports/node/index.js'
import { conformance } from './ccc.js'
import type { Suite } from './environment.js'

interface Home {
  readonly home: string
  /** Appends to an hour of the topic 7. */
  readonly write: (hour: string, text: string) => Promise<void>
}

const entryOf = (text: string): string => `${JSON.stringify({ id: 1, ts: 1_768_564_800, from: 'claude', text })}\n`

const cases: readonly Case<Home>[] = [
  {
    id: 'ccc.files.session',
    title: 'the history of a session is found and read in order',
    async run({ home, write }) {
      await writeFile(join(home, '.ccc.json'), JSON.stringify({ sessions: { web: { topic_id: 7 } } }))
      await write('2026-01-16-12', `${entryOf('one')}broken\n${entryOf('x'.repeat(500_000))}`)
      await write('2026-01-16-13', entryOf('caf\u00e9').trimEnd())
      const lengths: (number | undefined)[] = []
      for await (const { text } of cccHistoryFiles({ home }).read({ session: 'web' })) lengths.push(text?.length)
      checkEqual(lengths, [3, 500_000, 4])
    },
  },
  {
    id: 'ccc.files.follow',
    title: 'entries that are written during a follow are reported, and a partial line when it is complete',
    async run({ home, write }) {
      const files = cccHistoryFiles({ home, pollMs: 5 })
      await write('2026-01-16-12', entryOf('one'))
      const seen: (string | undefined)[] = []
      const stream = files.follow({ topic: 7, since: 0 })
      for await (const { text } of stream) {
        seen.push(text)
        if (text === 'one') await write('2026-01-16-12', entryOf('two').slice(0, 20))
        if (text === 'one') await write('2026-01-16-13', entryOf('three'))
        if (text === 'three') await write('2026-01-16-12', entryOf('two').slice(20))
        if (text === 'two') break
      }
      checkEqual(seen, ['one', 'three', 'two'])
      const after = stream.cursor
      check(after !== undefined, 'a cursor')
      await write('2026-01-16-13', entryOf('four'))
      for await (const { text } of files.follow({ after })) {
        checkEqual(text, 'four')
        break
      }
    },
  },
  {
    id: 'ccc.socket.faults',
    title: 'a missing socket and a file that is not a socket are refused',
    async run({ home }) {
      const path = join(home, '.ccc.sock')
      checkEqual((await checkRejects(cccSocket({ path }).open(), 'unreachable')).sent, 'no')
      await writeFile(path, '')
      await checkRejects(cccSocket({ path }).open(), 'permission_denied')
    },
  },
]

async function inFolder<Result>(run: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-ccc-suite-'))
  try {
    return await run(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export const cccLocalSuites: readonly Suite[] = [
  {
    name: 'ccc over a unix socket',
    run: () =>
      inFolder((folder) => {
        let count = 0
        return conformance(async (simulator) => {
          count += 1
          const path = join(folder, `${count}.sock`)
          const listener = await listenUnix({ path })
          void simulator.listen(listener)
          const release = async (): Promise<void> => listener[Symbol.asyncDispose]()
          return { transport: cccSocket({ path }), release }
        })
      }),
  },
  {
    name: 'ccc on disk',
    async run() {
      const results = []
      for (const one of cases) {
        results.push(
          ...(await inFolder((home) => {
            const folder = join(home, '.ccc', 'history', '7', 'messages')
            const write = async (hour: string, text: string): Promise<void> => {
              await mkdir(folder, { recursive: true })
              await appendFile(join(folder, `${hour}.jsonl`), text)
            }
            return runCases([one], { home, write })
          })),
        )
      }
      return results
    },
  },
]
