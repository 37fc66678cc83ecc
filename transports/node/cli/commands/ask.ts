import { systemClock } from '../../../../src/core/clock.js'
import { SignalboxError } from '../../../../src/errors.js'
import type { Answer, Ask, EndEvent, Hub, Turn } from '../../../../src/hub/index.js'
import { printable, shellWord } from '../terminal/style.js'
import type { Terminal } from '../terminal/terminal.js'
import { command, JSON_ARG, TIMEOUT_ARG } from '../program/command.js'
import { EXIT } from '../program/exit-codes.js'
import { parseDuration } from '../view/time.js'
import { CONNECTION, resolvedText } from '../view/events.js'
import { createTurnView, type TurnView } from '../view/turn-view.js'
import { askPerson } from './inline-ask.js'
import { readPrompt } from './prompt-input.js'

/** After ctrl-c: how long the end of the cancelled turn is waited for. */
const CANCEL_WAIT_MS = 15_000

export default command({
  examples: [
    ['signalbox ask ccc/backend "Which tests fail?"', 'prompt an agent and read the answer'],
    ['git diff | signalbox ask claude/main', 'the prompt from stdin'],
    ['signalbox ask claude/main @task.md --timeout 10m', 'the prompt from a file'],
    ['signalbox ask claude/main "Fix it" --json', 'every event as a JSON line; answers to questions are read from stdin'],
  ],
  args: {
    agent: { type: 'positional', required: true, description: 'an id that `signalbox ls` prints' },
    text: { type: 'positional', required: false, description: 'the prompt; @FILE for a file, - for stdin' },
    session: { type: 'string', description: 'a session that `signalbox sessions` prints', valueHint: 'id' },
    id: { type: 'string', description: 'the id of this prompt: the same id is never sent twice', valueHint: 'id' },
    'while-busy': {
      type: 'enum',
      options: ['queue', 'refuse', 'interrupt'],
      description: 'what to do while the agent works: queue (the default), refuse or interrupt',
      valueHint: 'what',
    },
    ...TIMEOUT_ARG,
    ...JSON_ARG,
  },
  async run(args, program) {
    const { terminal, signal } = program
    const timeoutMs = args.timeout === undefined ? undefined : parseDuration(args.timeout)
    const text = await readPrompt(args.text, terminal)
    const json = args.json === true
    const view = json ? undefined : createTurnView(terminal)
    const onConnection = (state: 'lost' | 'back'): void => {
      if (view) view.note(CONNECTION[state])
      else terminal.err(`${CONNECTION[state]}\n`)
    }
    const { hub, shared } = await program.hub({ agent: args.agent, onConnection })
    const by = terminal.env.USER ?? 'user'
    const turn = hub.prompt(args.agent, text, {
      by,
      ...(args.session === undefined ? {} : { session: args.session }),
      ...(args.id === undefined ? {} : { promptId: args.id }),
      ...(args['while-busy'] === undefined ? {} : { whileBusy: args['while-busy'] as 'queue' | 'refuse' | 'interrupt' }),
    })
    return follow({ hub, turn, terminal, signal, by, view, timeoutMs, shared })
  },
})

interface Following {
  readonly hub: Hub
  readonly turn: Turn
  readonly terminal: Terminal
  readonly signal: AbortSignal
  readonly by: string
  /** Undefined in JSON mode. */
  readonly view: TurnView | undefined
  readonly timeoutMs: number | undefined
  /** The hub goes on when this program ends. */
  readonly shared: boolean
}

/** Shows a turn to its end and gives the exit code. */
async function follow(following: Following): Promise<number> {
  const { turn, terminal, signal, by, view, timeoutMs, shared } = following
  const over = new AbortController()
  /** The questions that are open at this terminal. */
  const questions = new Map<string, AbortController>()
  const late = timeoutMs === undefined ? undefined : systemClock.after(timeoutMs, () => stop('deadline'))
  let end: EndEvent | undefined
  let stopped: 'deadline' | 'interrupt' | undefined
  let giveUp: { cancel(): void } | undefined
  const gaveUp = new AbortController()

  /** Cancels the turn and goes on until its end is known, or is too late. */
  function stop(why: 'deadline' | 'interrupt'): void {
    if (stopped) return
    stopped = why
    // Open questions are no longer answered here; the abort also ends their input line.
    for (const question of questions.values()) question.abort()
    questions.clear()
    const leaving = why === 'interrupt' && terminal.canAsk ? ` Ctrl-c again leaves; the turn ${turn.promptId} may then go on.` : ''
    view?.note(`Cancelling.${leaving}`)
    turn.cancel({ by }).catch((error: unknown) => {
      // The program closes its link when the turn has ended, so the reply to the cancel may be lost.
      if (end) return
      terminal.err(`The turn could not be cancelled: ${error instanceof Error ? error.message : String(error)}\n`)
      if (shared) terminal.err(`It goes on. Its id is ${turn.promptId}.\n`)
      gaveUp.abort()
    })
    giveUp = systemClock.after(CANCEL_WAIT_MS, () => gaveUp.abort())
  }
  const onInterrupt = (): void => stop('interrupt')
  signal.addEventListener('abort', onInterrupt, { once: true })
  if (signal.aborted) onInterrupt()
  if (!view) void readAnswers(following, over.signal)

  try {
    const events = turn[Symbol.asyncIterator]()
    const left = new Promise<'left'>((resolve) => gaveUp.signal.addEventListener('abort', () => resolve('left'), { once: true }))
    for (;;) {
      const next = await Promise.race([events.next(), left])
      if (next === 'left' || next.done) break
      const event = next.value
      if (view) view.show(event)
      else terminal.out(`${JSON.stringify(event)}\n`)
      if (event.kind === 'ask' && event.ask.status === 'open' && view) {
        view.pause()
        const closed = new AbortController()
        questions.set(event.ask.id, closed)
        void answerInline(event.ask, following, questions, AbortSignal.any([over.signal, closed.signal]))
      }
      if (event.kind === 'ask_resolved') {
        const question = questions.get(event.askId)
        questions.delete(event.askId)
        if (question) {
          question.abort()
          view?.note(resolvedText(event))
        }
      }
      if (event.kind === 'end') {
        end = event
        break
      }
    }
    // A turn that was refused has no events: its reason is the rejection.
    if (!end && !gaveUp.signal.aborted) end = await turn.end()
  } finally {
    over.abort()
    late?.cancel()
    giveUp?.cancel()
    signal.removeEventListener('abort', onInterrupt)
    view?.stop()
  }
  if (!end) terminal.err(`What became of the turn is not known. Its id is ${turn.promptId}.\n`)
  if (stopped) return stopped === 'deadline' ? EXIT.deadline : EXIT.interrupted
  return end ? exitFor(end) : EXIT.failure
}

/** The exit code for the end of a turn. */
export function exitFor({ outcome }: EndEvent): number {
  if (outcome === 'completed') return EXIT.ok
  return outcome === 'unanswered' ? EXIT.unanswered : EXIT.failure
}

async function answerInline(
  ask: Ask,
  { hub, terminal, by }: Following,
  questions: Map<string, AbortController>,
  signal: AbortSignal,
): Promise<void> {
  if (!terminal.canAsk) {
    terminal.err(`The agent asks: ${printable(ask.title)}\nAnswer it with: signalbox answer ${shellWord(ask.id)}\n`)
    return
  }
  try {
    const answer = await askPerson(ask, terminal, signal)
    questions.delete(ask.id)
    if (answer) await hub.answer(ask.id, answer, { by })
    else terminal.err(`The question stays open: signalbox answer ${shellWord(ask.id)}\n`)
  } catch (error) {
    if (signal.aborted) return
    const message = error instanceof Error ? error.message : String(error)
    terminal.err(`${SignalboxError.is(error, 'conflict') ? 'Somebody else was first.' : 'The answer was not taken.'} ${message}\n`)
  }
}

/** In JSON mode each line on stdin is an answer: `{"ask": "<id>", "option": "yes"}`, with any form of an answer beside the id. */
async function readAnswers({ hub, terminal, by }: Following, signal: AbortSignal): Promise<void> {
  if (terminal.canAsk) return
  try {
    for await (const line of terminal.lines(signal)) {
      if (line.trim() === '') continue
      try {
        const { ask, ...answer } = JSON.parse(line) as { ask: string } & Answer
        const result = await hub.answer(ask, answer as Answer, { by })
        terminal.out(`${JSON.stringify({ kind: 'answered', ...result })}\n`)
      } catch (error) {
        const known = SignalboxError.is(error) ? error.toJSON() : { message: 'The line is not a JSON answer.' }
        terminal.out(`${JSON.stringify({ kind: 'answer_failed', error: known })}\n`)
      }
    }
  } catch {
    // The turn is over, or stdin has ended: no more answers come from here.
  }
}
