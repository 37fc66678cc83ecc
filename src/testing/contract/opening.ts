/** Law 1: an aborted `open` leaves nothing behind, even if it would have succeeded later. */
import { SignalboxError } from '../../errors.js'
import { check, checkEqual, checkRejects } from '../case.js'
import type { ContractContext, ContractPair } from './context.js'
import { contractCase, readAll, pairCase, pattern, pause, type ContractCase } from './harness.js'

export const opening: readonly ContractCase[] = [
  contractCase('law.1.before', 'an open with an aborted signal rejects with sent: no', async (context) => {
    const error = await checkRejects(context.pair({ signal: AbortSignal.abort('early') }), 'aborted')
    checkEqual(error.sent, 'no')
  }),

  contractCase(
    'law.1.during',
    'an abort during the opening either rejects it or comes too late and has no effect',
    async (context) => {
      for (const [when, wait] of MOMENTS) {
        const controller = new AbortController()
        const opened = context.pair({ signal: controller.signal })
        // A handler must be attached, because the rejection can come before the check below.
        opened.catch(() => {})
        await wait()
        controller.abort('no longer wanted')
        await endedOrWorking(opened, when, context)
      }
    },
  ),

  contractCase('law.1.reason', "the caller's reason for an abort is kept as the cause", async (context) => {
    const reason = new Error('the user closed the window')
    const error = await checkRejects(context.pair({ signal: AbortSignal.abort(reason) }), 'aborted')
    check(error.cause === reason, 'the cause is not the reason')
  }),

  contractCase('law.1.after', 'an abort after the opening has no effect on the link', async (context) => {
    const controller = new AbortController()
    const { near, far } = await context.pair({ signal: controller.signal })
    try {
      controller.abort()
      await near.write(pattern(1000))
      checkEqual((await readAll(far, 1000)).bytes, 1000)
    } finally {
      await Promise.all([near.close({ graceMs: 500 }), far.close({ graceMs: 500 })])
    }
  }),

  pairCase('law.1.info', 'a link has the name of its transport and an id', async ({ near }) => {
    check(near.info.id.length > 0 && near.info.transport.length > 0, 'id or transport name is empty')
  }),
]

const MOMENTS: readonly (readonly [string, () => Promise<void>])[] = [
  ['at once', () => Promise.resolve()],
  ['some microtasks later', async () => void (await Promise.resolve().then(() => {}))],
  ['a turn later', () => pause(0)],
  ['some turns later', () => pause(3)],
]

async function endedOrWorking(opened: Promise<ContractPair>, when: string, context: ContractContext): Promise<void> {
  let pair: ContractPair
  try {
    pair = await opened
  } catch (error) {
    check(SignalboxError.is(error, 'aborted'), `aborted ${when} on ${context.name}: ${String(error)}`)
    return
  }
  try {
    // The peer listens: a link that carries one request has sent it already.
    pair.far.write(pattern(100)).catch(() => {})
    const { bytes } = await readAll(pair.near, 100)
    checkEqual(bytes, 100, `aborted ${when} on ${context.name}, the open gave a dead link`)
  } finally {
    await Promise.all([pair.near.close({ graceMs: 500 }), pair.far.close({ graceMs: 500 })])
  }
}
