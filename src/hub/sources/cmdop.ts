/** The machines of CMDOP as agents. */
import type { AskFrame, AskStream, Cmdop, DoneFrame, Machine } from '../../cmdop/index.js'
import { systemClock, type Clock } from '../../core/clock.js'
import { SignalboxError } from '../../errors.js'
import type { Agent, AgentState } from '../model/agent.js'
import type { Ask } from '../model/ask.js'
import type { EndEvent, MessageEvent, Tokens } from '../model/event.js'
import type { Source, SourcePrompt } from '../source.js'
import { MAIN_SESSION } from '../view.js'
import { cmdopTool } from './cmdop-tool.js'
import { createEmitter, isAway } from './emitter.js'

/** Options of `cmdopSource`. */
export interface CmdopSourceOptions {
  /** The client of the CMDOP core. The caller closes it. */
  readonly client: Cmdop
  /** The part of an agent id before the slash. Default `cmdop`. */
  readonly name?: string
  /** How often the list of machines is read. Default 30 s. */
  readonly machinesEveryMs?: number
  /** The time source. Default the clock of the machine. */
  readonly clock?: Clock
}

/** An ask that runs. */
interface Run {
  readonly promptId: string
  readonly agent: string
  readonly stream: AskStream
  text: string
  /** Settles with the first frame after an answer: only that frame proves whether a PIN was accepted. */
  answered?: { readonly id: string; readonly settle: (denied: boolean) => void }
}

/** How long the machine may take to refuse a PIN. */
const PIN_VERDICT_MS = 3000

/**
 * Each machine is one agent. Text streams; the whole answer is put together here, because the last frame may be empty. A turn that was
 * cut off cannot be found again: the protocol has no way to ask.
 * Long because frames, questions and ends share the runs that are open.
 *
 * @example
 * ```ts
 * import { createCmdop } from 'signalbox/cmdop'
 * import { cmdopSource, createHub } from 'signalbox/hub'
 * import { cmdopCore } from 'signalbox/node'
 *
 * await using cmdop = createCmdop({ transport: cmdopCore() })
 * await using hub = await createHub({ sources: [cmdopSource({ client: cmdop })] })
 * for (const { id, name } of await hub.agents()) console.log(id, name)
 * ```
 */
export function cmdopSource(options: CmdopSourceOptions): Source {
  const { client, name = 'cmdop', machinesEveryMs = 30_000, clock = systemClock } = options
  const emitter = createEmitter(clock)
  const { push, now } = emitter
  const epoch = crypto.randomUUID()
  const marks = new Map<string, string>()
  const runs = new Map<string, Run>()

  const readMachines = async (): Promise<Agent[]> => {
    const agents: Agent[] = []
    const present = new Set<string>()
    for await (const machine of client.machines.iter()) {
      const agentNow = agentOf(name, machine, now(), client.capabilities.generation)
      agents.push(agentNow)
      present.add(agentNow.id)
      const mark = JSON.stringify([agentNow.name, agentNow.sessions[0]?.state])
      if (marks.get(agentNow.id) === mark) continue
      const isNew = !marks.has(agentNow.id)
      marks.set(agentNow.id, mark)
      if (isNew) push(agentNow.id, epoch, { kind: 'asks_open', nativeIds: [] })
      push(agentNow.id, epoch, { kind: 'agent', change: 'present', agentNow })
    }
    for (const id of marks.keys()) {
      if (present.has(id)) continue
      marks.delete(id)
      push(id, epoch, { kind: 'agent', change: 'gone' })
    }
    return agents
  }
  const settleAnswer = (run: Run, denied: boolean): void => {
    run.answered?.settle(denied)
    delete run.answered
  }
  const take = (run: Run, frame: AskFrame): void => {
    const { agent, promptId: turn } = run
    if (run.answered) settleAnswer(run, frame.type === 'pin_denied')
    const place = { session: MAIN_SESSION, turn, raw: frame }
    switch (frame.type) {
      case 'event': {
        const text = textOf(frame.payload)
        if (text === undefined) {
          return push(agent, epoch, {
            ...place,
            ...(cmdopTool(frame.payload) ?? { kind: 'unknown', name: frame.eventName ?? `event ${frame.eventType}` }),
          })
        }
        run.text += text
        // Without the raw frame: deltas of one message are joined.
        return emitter.pass({
          agent,
          epoch,
          session: MAIN_SESSION,
          turn,
          kind: 'message',
          id: turn,
          role: 'agent',
          text,
          how: 'append',
          partial: true,
        })
      }
      case 'pin_required':
        if (frame.answered) return
        return push(agent, epoch, {
          ...place,
          kind: 'ask',
          ask: { nativeId: frame.challengeId, kind: 'secret', title: frame.label || 'PIN', defaultsToNo: true },
        })
      case 'confirm_required':
        return push(agent, epoch, {
          ...place,
          kind: 'ask',
          ask: {
            nativeId: frame.token,
            kind: 'confirm',
            title: 'May this plan run?',
            detail: frame.plan,
            danger: dangerOf(frame.dangerLevel),
            defaultsToNo: true,
          },
        })
      case 'pin_denied':
        return push(agent, epoch, { ...place, kind: 'notice', level: 'warning', text: `The PIN was refused: ${frame.reason}` })
      case 'error':
        return push(agent, epoch, { ...place, kind: 'notice', level: 'error', text: frame.message })
      case 'done':
        return
      default:
        return push(agent, epoch, { ...place, kind: 'unknown' })
    }
  }
  const finish = (run: Run, done: DoneFrame): void => {
    const { agent, promptId: turn } = run
    const place = { session: MAIN_SESSION, turn }
    const text = done.text || run.text
    if (text) push(agent, epoch, { ...place, ...message(turn, text, false) })
    const usage = usageOf(done)
    if (usage) push(agent, epoch, { ...place, kind: 'usage', scope: 'turn', basis: 'reported', ...usage })
    push(agent, epoch, { ...place, ...endOf(done, text) })
  }
  const follow = async (run: Run, first: (error?: unknown) => void): Promise<void> => {
    const { agent, promptId } = run
    let state: AgentState = 'idle'
    try {
      for await (const batch of run.stream.batches()) {
        first()
        for (const frame of batch) take(run, frame)
      }
      first()
      if (run.stream.done) finish(run, run.stream.done)
    } catch (error) {
      const failure = SignalboxError.is(error)
        ? error
        : new SignalboxError({ code: 'protocol', message: String(error), sent: 'maybe' })
      // A core that is gone says nothing about its machines; the next list does.
      if (isAway(failure)) state = 'unknown'
      if (failure.sent === 'no') return first(failure)
      first()
      const { code, message: text, remoteCode, sent } = failure
      const facts = { code, message: text, ...(remoteCode === undefined ? {} : { remoteCode }) }
      push(agent, epoch, { session: MAIN_SESSION, turn: promptId, kind: 'end', outcome: 'failed', sent, error: facts })
    } finally {
      settleAnswer(run, false)
      runs.delete(promptId)
      emitter.state(agent, epoch, MAIN_SESSION, state, 'derived')
    }
  }
  const start = ({ promptId, agent, text }: SourcePrompt): Promise<void> => {
    const stream = client.machines.ask(agent.slice(name.length + 1), text)
    const run: Run = { promptId, agent, stream, text: '' }
    runs.set(promptId, run)
    emitter.state(agent, epoch, MAIN_SESSION, 'running', 'derived')
    return new Promise((resolve, reject) => {
      void follow(run, (error) => (error === undefined ? resolve() : reject(error as Error)))
    })
  }

  const runOf = ({ agent, turn }: Ask): Run | undefined =>
    [...runs.values()].find((run) => run.agent === agent && run.promptId === turn)

  return {
    name,
    system: 'cmdop',
    async open(sink) {
      emitter.open(sink)
      const agents = await readMachines().catch(() => [])
      emitter.poll(machinesEveryMs, () => readMachines().then(() => {}), {
        away() {
          for (const id of marks.keys()) {
            marks.set(id, 'offline')
            emitter.state(id, epoch, MAIN_SESSION, 'offline', 'polled')
          }
        },
        // The list was read just now, and shows the machines again.
        back: async () => {},
      })
      return agents
    },
    prompt: start,
    checkAnswer(ask, _nativeId, answer) {
      if (ask.kind !== 'secret' || 'secret' in answer) return
      const message = 'A PIN cannot be refused: the machine waits for it until it gives up.'
      throw new SignalboxError({ code: 'invalid_argument', system: 'cmdop', op: 'answer', message })
    },
    async answer(ask, nativeId, answer) {
      const own = runOf(ask)
      if (!own)
        throw new SignalboxError({ code: 'not_found', system: 'cmdop', op: 'answer', message: 'The turn that asked is over.' })
      if (!('secret' in answer)) {
        await own.stream.confirm(nativeId, 'accept' in answer && answer.accept)
        return { delivered: 'written' }
      }
      const verdict = new Promise<boolean>((settle) => {
        own.answered = { id: nativeId, settle }
      })
      await own.stream.pin(nativeId, answer.secret)
      const timer = clock.after(PIN_VERDICT_MS, () => settleAnswer(own, false))
      const denied = await verdict
      timer.cancel()
      return { delivered: denied ? 'rejected' : 'written' }
    },
    async expire(ask, nativeId) {
      const own = runOf(ask)
      if (ask.kind === 'confirm') await own?.stream.confirm(nativeId, false)
    },
    async history(agent, { limit = 50 }) {
      const { messages } = await client.machines.messages(agent.slice(name.length + 1), { limit })
      const events = messages.map(
        (entry, index) =>
          ({
            agent,
            epoch,
            origin: 'replay',
            session: MAIN_SESSION,
            raw: entry,
            ...message(String('id' in entry && entry.id ? entry.id : index), entry.content ?? '', false),
            role: entry.role === 'user' ? 'user' : 'agent',
          }) as never,
      )
      return { events, complete: false }
    },
    async [Symbol.asyncDispose]() {
      for (const { stream } of runs.values()) await stream.close()
      await emitter.close()
    },
  }
}

const message = (id: string, text: string, partial: boolean): MessageEvent => ({
  kind: 'message',
  id,
  role: 'agent',
  text,
  how: partial ? 'append' : 'replace',
  partial,
})

/** The text of a message event. Undefined for another event. */
function textOf(payload: unknown): string | undefined {
  if (typeof payload === 'string') return payload
  const { delta, text } = Object(payload) as { delta?: unknown; text?: unknown }
  return typeof delta === 'string' ? delta : typeof text === 'string' ? text : undefined
}

const dangerOf = (level: string): 'low' | 'medium' | 'high' => (level === 'low' || level === 'high' ? level : 'medium')

function usageOf(done: DoneFrame): { readonly tokens?: Tokens; readonly costUsd?: number } | undefined {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, costUsd } = done
  const tokens = {
    ...(inputTokens === undefined ? {} : { input: inputTokens }),
    ...(outputTokens === undefined ? {} : { output: outputTokens }),
    ...(cacheReadTokens === undefined ? {} : { cacheRead: cacheReadTokens }),
    ...(cacheWriteTokens === undefined ? {} : { cacheWrite: cacheWriteTokens }),
  }
  const some = Object.keys(tokens).length > 0
  if (!some && costUsd === undefined) return undefined
  return { ...(some ? { tokens } : {}), ...(costUsd === undefined ? {} : { costUsd }) }
}

function endOf({ success, error }: DoneFrame, text: string): EndEvent {
  const facts = success ? {} : { error: { code: 'remote', message: error || 'The machine did not complete the turn.' } as const }
  return { kind: 'end', outcome: success ? 'completed' : 'failed', text, sent: 'yes', ...facts }
}

function agentOf(source: string, machine: Machine, at: string, generation: Cmdop['capabilities']['generation']): Agent {
  const { id, name, hostname } = machine
  const online = 'presence' in machine ? machine.presence : undefined
  return {
    id: `${source}/${id}`,
    source,
    system: 'cmdop',
    name: name || hostname || id,
    ...(hostname ? { host: hostname } : {}),
    sessions: [{ id: MAIN_SESSION, state: online === 'offline' ? 'offline' : 'unknown', evidence: { from: 'polled', at } }],
    can: {
      prompt: {},
      stream: { text: true },
      history: { complete: false },
      // The protocol of a core 2.0 has no questions. That of a core 1.x counts no tokens.
      ...(generation === 2
        ? { usage: { tokens: true, cost: 'reported' } }
        : { asks: { kinds: ['confirm', 'secret'], answerable: true, confirmsDelivery: false } }),
    },
    facts: {},
    raw: machine,
  }
}
