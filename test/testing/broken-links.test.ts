/** The transport contract over transports that break its laws, one law each: the suite must see every one of them. */
import { describe, expect, test } from 'vitest'
import { memoryPair, runCases, transportContract, type ContractContext, type ContractPair } from '../../src/testing/index.js'
import { SignalboxError, type CloseReason, type Link, type OpenOptions } from '../../src/index.js'
import { abortError } from '../../src/core/deadline.js'

type Break = (near: Link, far: Link) => Partial<Link>
interface Broken {
  /** What is wrong with it. */
  readonly what: string
  /** The beginnings of ids of cases, one of which must fail. */
  readonly seenBy: readonly string[]
  readonly link?: Break
  readonly open?: (options: OpenOptions | undefined, sound: (options?: OpenOptions) => ContractPair) => Promise<ContractPair>
}

let pairs = 0
const sound = (options?: OpenOptions): ContractPair => {
  if (options?.signal?.aborted) throw abortError(options.signal, { sent: 'no' })
  pairs += 1
  const [near, far] = memoryPair({ name: `pair-${pairs}` })
  return { near, far, kill: async () => void (await far.close()) }
}

function contextOf({ link, open }: Pick<Broken, 'link' | 'open'>): ContractContext {
  return {
    name: 'broken',
    async pair(options) {
      if (open) return open(options, sound)
      const pair = sound(options)
      if (!link) return pair
      const near = { ...pair.near, ...link(pair.near, pair.far) }
      const { write } = near
      // Only the case must fail. An unhandled rejection would fail the whole run.
      near.write = (chunk) => {
        const written = write(chunk)
        written.catch(() => {})
        return written
      }
      return { ...pair, near }
    },
    floodBytes: 2 * 1024 * 1024,
    caseTimeoutMs: 2_000,
  }
}

const closedError = (sent: 'no' | 'yes' = 'no') => new SignalboxError({ code: 'closed', message: 'closed', sent })
const copied = (read: Link['read'], change: (chunk: Uint8Array) => Uint8Array | undefined): Link['read'] =>
  async function again(): Promise<Uint8Array | null> {
    const chunk = await read()
    return chunk === null ? null : (change(chunk) ?? again())
  }

const BROKEN: readonly Broken[] = [
  { what: 'opens although the signal was aborted', seenBy: ['law.1.before'], open: async (_options, make) => make() },
  {
    what: 'loses the reason of an abort',
    seenBy: ['law.1.reason'],
    open: async (options, make) => {
      if (options?.signal?.aborted) throw new SignalboxError({ code: 'aborted', message: 'aborted', sent: 'no' })
      return make()
    },
  },
  {
    what: 'calls an open that was refused sent',
    seenBy: ['law.1.before'],
    open: async (options, make) => {
      if (options?.signal?.aborted) throw abortError(options.signal, { sent: 'maybe' })
      return make()
    },
  },
  {
    what: 'closes the link at an abort that comes after the opening',
    seenBy: ['law.1.after'],
    open: async (options, make) => {
      const pair = make(options)
      options?.signal?.addEventListener('abort', () => void pair.near.close())
      return pair
    },
  },
  {
    what: 'gives a dead link where an abort came while it opened',
    seenBy: ['law.1.during'],
    open: async (options, make) => {
      const pair = make(options)
      await new Promise((resolve) => setTimeout(resolve, 2))
      if (options?.signal?.aborted) await pair.near.close()
      return pair
    },
  },
  { what: 'has no id', seenBy: ['law.1.info'], link: (near) => ({ info: { ...near.info, id: '' } }) },
  { what: 'has one id for all', seenBy: ['law.10.apart'], link: (near) => ({ info: { ...near.info, id: 'same' } }) },
  {
    what: 'swaps two bytes',
    seenBy: ['law.2', 'law.6', 'law.8'],
    link: (near) => ({ read: copied(near.read, (chunk) => (chunk.byteLength > 600 ? chunk.copyWithin(300, 301) : chunk)) }),
  },
  {
    what: 'gives the same memory for every chunk',
    seenBy: ['law.2.own'],
    link: (near) => {
      const memory = new Uint8Array(4 * 1024 * 1024)
      return {
        read: copied(near.read, (chunk) => {
          memory.set(chunk)
          return memory.subarray(0, chunk.byteLength)
        }),
      }
    },
  },
  {
    what: 'never holds its writer back',
    seenBy: ['law.2.paused', 'law.5', 'law.3.no-reader', 'law.2.fault-paused'],
    link: (near) => ({
      async write(chunk) {
        void near.write(chunk).catch(() => {})
      },
    }),
  },
  {
    what: 'takes a second read',
    seenBy: ['law.2.one-reader'],
    link: (near) => {
      let last: Promise<unknown> = Promise.resolve()
      return {
        read() {
          const next = last.then(() => near.read())
          last = next.catch(() => {})
          return next
        },
      }
    },
  },
  {
    what: 'drops what was kept when its peer leaves',
    seenBy: ['law.2'],
    link: (near) => {
      let gone = false
      void near.closed.then(() => {
        gone = true
      })
      return { read: async () => (gone ? null : near.read()) }
    },
  },
  {
    what: 'gives what was not read after close',
    seenBy: ['law.6.discards'],
    link: (near) => {
      const kept: Uint8Array[] = []
      return {
        async read() {
          const late = kept.shift()
          if (late) return late
          const chunk = await near.read()
          if (chunk && chunk.byteLength > 1000) kept.push(chunk.slice(500))
          return chunk && chunk.byteLength > 1000 ? chunk.slice(0, 500) : chunk
        },
      }
    },
  },
  {
    what: 'leaves a pending read alone at close',
    seenBy: ['law.3.pending-read'],
    link: (near) => {
      let local = false
      return {
        read: () => near.read().then((chunk) => (chunk === null && local ? new Promise<never>(() => {}) : chunk)),
        close(options) {
          local = true
          return near.close(options)
        },
      }
    },
  },
  { what: 'never says that it is closed', seenBy: ['law.3'], link: () => ({ closed: new Promise<CloseReason>(() => {}) }) },
  {
    what: 'rejects closed',
    seenBy: ['law.3'],
    link: (near) => ({ closed: near.closed.then(() => Promise.reject(closedError())) }),
  },
  {
    what: 'calls every end its own',
    seenBy: ['law.3'],
    link: (near) => ({ closed: near.closed.then((): CloseReason => ({ kind: 'local' })) }),
  },
  {
    what: 'gives a new promise at a second close',
    seenBy: ['law.6.same-promise'],
    link: (near) => ({ close: (options) => near.close(options).then((reason) => reason) }),
  },
  {
    what: 'loses the last bytes at its end',
    seenBy: ['law.6.nothing-lost', 'law.4.after-end', 'law.8.order'],
    link: (near) => {
      let waiting: Uint8Array | undefined
      return {
        async write(chunk) {
          if (waiting) await near.write(waiting)
          waiting = chunk
        },
      }
    },
  },
  {
    what: 'ends both halves at once',
    seenBy: ['law.6.half-close', 'law.6.nothing-lost'],
    link: (near) => ({ end: async () => void (await near.close()) }),
  },
  {
    what: 'takes a write after close',
    seenBy: ['law.4.after-close'],
    link: (near) => ({ write: (chunk) => near.write(chunk).catch(() => {}) }),
  },
  {
    what: 'throws from write',
    seenBy: ['law.4.after-close', 'law.4.ignored'],
    link: (near) => {
      let over = false
      void near.closed.then(() => {
        over = true
      })
      return {
        write(chunk) {
          if (over) throw closedError()
          return near.write(chunk)
        },
      }
    },
  },
  {
    what: 'says of a refused write that it was sent',
    seenBy: ['law.4.after-close'],
    link: (near) => ({ write: (chunk) => near.write(chunk).catch(() => Promise.reject(closedError('yes'))) }),
  },
  {
    what: 'rejects with an error of somebody else',
    seenBy: ['law.4'],
    link: (near) => ({ write: (chunk) => near.write(chunk).catch(() => Promise.reject(new Error('EPIPE'))) }),
  },
  {
    what: 'leaves a write that waits in the air when its peer dies',
    seenBy: ['law.5.death'],
    link: (near) => ({ write: (chunk) => near.write(chunk).catch(() => new Promise<never>(() => {})) }),
  },
  {
    what: 'resolves a write that waits at close',
    seenBy: ['law.5.close'],
    link: (near) => {
      let closing = false
      return {
        write: (chunk) => near.write(chunk).catch((error: unknown) => (closing ? undefined : Promise.reject(error))),
        close(options) {
          closing = true
          return near.close(options)
        },
      }
    },
  },
  {
    what: 'refuses a second end',
    seenBy: ['law.4.end-twice'],
    link: (near) => {
      let ended = false
      return {
        end() {
          if (ended) return Promise.reject(closedError())
          ended = true
          return near.end()
        },
      }
    },
  },
  {
    what: 'gives an empty text where a character was cut',
    seenBy: ['law.8'],
    link: (near) => ({
      read: copied(near.read, (chunk) => (chunk.byteLength === 1 && (chunk[0] ?? 0) > 127 ? Uint8Array.of(63) : chunk)),
    }),
  },
  {
    what: 'writes out of order',
    seenBy: ['law.8.order'],
    link: (near) => ({
      write: async (chunk) => {
        if (chunk.byteLength % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
        await near.write(chunk)
      },
    }),
  },
  {
    what: 'is not closed by its disposal',
    seenBy: ['law.7.dispose'],
    link: () => ({ [Symbol.asyncDispose]: async () => {} }),
  },
  {
    what: 'abandons healthy links',
    seenBy: ['law.7.many'],
    link: (near) => ({ close: (options) => near.close(options).then((reason) => ({ ...reason, abandoned: true as const })) }),
  },
]

describe('the transport contract', () => {
  test('passes a sound link [contract.sound]', async () => {
    const results = await runCases(transportContract, contextOf({}))
    expect(results.filter(({ outcome }) => outcome !== 'passed')).toEqual([])
  })

  test.each(BROKEN)('catches a link that $what [contract.catches]', async (broken) => {
    const chosen = transportContract.filter(({ id }) => broken.seenBy.some((start) => id.startsWith(start)))
    const results = await runCases(chosen, contextOf(broken))
    expect(results.filter(({ outcome }) => outcome === 'failed').map(({ id }) => id)).not.toEqual([])
  })
})
