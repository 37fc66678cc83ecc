/** The turn object of a caller. The same code runs in the process of the hub and over a link: it needs a watch and two calls. */
import type { CallOptions } from '../../core/call.js'
import { SignalboxError, type ErrorCode } from '../../errors.js'
import { afterEffect } from '../context.js'
import type { HubWatch, Turn, TurnInfo, WatchOptions } from '../hub.js'
import type { AgentId } from '../model/agent.js'
import type { EndEvent, HubEvent, TurnOutcome } from '../model/event.js'

export interface TurnAccess {
  watch(options: WatchOptions): HubWatch
  /** Rejects with `not_found` for an unknown id. */
  find(promptId: string, options?: CallOptions): Promise<TurnInfo>
  cancel(promptId: string, by: string | undefined, options?: CallOptions): Promise<void>
}

/** `starting`: the call that sends the prompt. Without it the turn is looked up by its id. */
export function createTurn(access: TurnAccess, promptId: string, agent: AgentId | undefined, starting?: Promise<TurnInfo>): Turn {
  let lookup = starting
  // A caller that never reads the turn must not get an unhandled rejection.
  lookup?.catch(() => {})
  const info = (): Promise<TurnInfo> => {
    // A failed lookup is repeated at the next call: the hub may have been away, or the prompt may not have arrived yet.
    lookup ??= access.find(promptId).catch((error) => {
      lookup = undefined
      throw error
    })
    return lookup
  }
  /** Once the prompt is accepted, a failure to read the turn must not look like a refusal of the prompt. */
  const readingFailed = (error: unknown): unknown => (starting ? afterEffect(error, 'prompt') : error)

  async function* read(): AsyncGenerator<HubEvent, void, void> {
    const { from } = await info()
    try {
      yield* readFrom(from)
    } catch (error) {
      throw readingFailed(error)
    }
  }
  async function* readFrom(from: TurnInfo['from']): AsyncGenerator<HubEvent, void, void> {
    const events = access.watch({ from, turns: [promptId] })
    for await (const event of events) {
      yield event
      if (event.kind === 'end') return
      // The journal was cut. The end may have been in the lost part; the record still has it. A gap of one agent is no cut of the journal.
      if (event.kind !== 'gap' || event.agent !== '') continue
      const end = endOf(await access.find(promptId), event)
      if (!end) continue
      yield end
      return
    }
    throw new SignalboxError({
      code: 'closed',
      message: 'The hub closed before the turn ended.',
      hint: 'The turn goes on. Find it again with hub.turn(promptId).',
      sent: 'maybe',
    })
  }

  const finish = async (): Promise<{ readonly end: EndEvent; readonly text: string }> => {
    const end = (await info()).end
    if (end?.text !== undefined) return { end, text: end.text }
    const assembler = createTextAssembler()
    for await (const event of read()) {
      assembler.take(event)
      if (event.kind === 'end') return { end: event, text: event.text ?? assembler.text() }
    }
    throw new Error('a turn was read to its end without an end')
  }

  return {
    promptId,
    agent,
    [Symbol.asyncIterator]: read,
    accepted: info,
    async info() {
      await info()
      return await access.find(promptId).catch((error: unknown) => {
        throw readingFailed(error)
      })
    },
    async end() {
      return bare((await info()).end ?? (await finish()).end)
    },
    async text() {
      const { end, text } = await finish()
      if (end.outcome === 'completed') return text
      throw turnError(end, promptId)
    },
    cancel: async ({ by, ...options } = {}) => {
      await info()
      await access.cancel(promptId, by, options)
    },
  }
}

/** The end as an event of its journal, when it lies before a gap. */
function endOf(info: TurnInfo, gap: HubEvent): HubEvent | undefined {
  const { end, endSeq, agent, promptId: turn } = info
  if (!end || endSeq === undefined || endSeq > gap.seq) return undefined
  return { v: 1, seq: endSeq, epoch: gap.epoch, at: gap.at, agent, turn, origin: 'replay', ...end }
}

/** Removes the envelope, so that an end from the journal and one from the record are equal. */
function bare(event: EndEvent): EndEvent {
  const { kind, outcome, text, stopReason, attribution, error, sent } = event
  return {
    kind,
    outcome,
    sent,
    ...(text === undefined ? {} : { text }),
    ...(stopReason === undefined ? {} : { stopReason }),
    ...(attribution === undefined ? {} : { attribution }),
    ...(error === undefined ? {} : { error }),
  }
}

/** Puts the agent's messages of one turn together, in the order in which they began. */
function createTextAssembler(): { take(event: HubEvent): void; text(): string } {
  const texts = new Map<string, string>()
  return {
    take(event) {
      // What a subagent says is part of a tool call, not of the answer.
      if (event.kind !== 'message' || event.role !== 'agent' || event.parent !== undefined) return
      const { id, how, text } = event
      if (how === 'retract') texts.delete(id)
      else texts.set(id, how === 'append' ? (texts.get(id) ?? '') + text : text)
    },
    text: () => [...texts.values()].join(''),
  }
}

const CODES: Readonly<Record<Exclude<TurnOutcome, 'completed'>, ErrorCode>> = {
  refused: 'remote',
  cancelled: 'aborted',
  failed: 'remote',
  lost: 'unavailable',
  unanswered: 'unavailable',
}

const SENTENCES: Readonly<Record<Exclude<TurnOutcome, 'completed'>, string>> = {
  refused: 'The agent refused the prompt.',
  cancelled: 'The turn was cancelled.',
  failed: 'The turn failed.',
  lost: 'Nobody can find out what became of the turn.',
  unanswered: 'The prompt was delivered and no answer came.',
}

/**
 * The error that `turn.text()` rejects with when a turn did not complete. Its `remoteCode` is the outcome, unless the system gave a
 * code of its own.
 *
 * @example
 * import { turnError, type Turn } from 'signalbox/hub'
 *
 * declare const turn: Turn
 * const end = await turn.end()
 * if (end.outcome !== 'completed') throw turnError(end, turn.promptId)
 */
export function turnError(end: EndEvent, promptId: string): SignalboxError {
  const outcome = end.outcome as Exclude<TurnOutcome, 'completed'>
  const { code = CODES[outcome], message, remoteCode } = end.error ?? {}
  return new SignalboxError({
    code,
    message: message ?? SENTENCES[outcome],
    hint: `The prompt id is ${promptId}.`,
    system: 'hub',
    op: 'prompt',
    sent: end.sent,
    remoteCode: remoteCode ?? outcome,
  })
}
