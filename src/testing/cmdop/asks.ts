/** The asks of a simulated relay. Each is a stream of frames, which stops at a question. */
import { createQueue, type BoundedQueue } from '../../core/queue.js'
import { askScript, type AskStep } from './ask-script.js'

/** One frame of an ask, as the relay sends it. */
export type SseFrame = Readonly<Record<string, unknown>>

/** A stream of server-sent events: frames, then the end, or a break in the middle. */
export interface SseBody {
  /** The next frames; null at the end. Rejects if the script cuts the stream. */
  take(): Promise<readonly SseFrame[] | null>
  /** Ends the stream because its reader has gone. */
  cancel(): void
}

/** The asks that a simulated relay runs. */
export interface Asks {
  /**
   * Starts an ask and returns its stream. Marks in the prompt, such as `[[say hi]]`, decide the frames.
   *
   * @example
   * import { createCmdopRelaySimulator } from 'signalbox/testing'
   *
   * const { asks } = createCmdopRelaySimulator()
   * console.log(await asks.start({ prompt: '[[say hi]]' }).take())
   */
  start(request: { readonly prompt: string; readonly pin?: string | undefined }): SseBody
  /**
   * Gives a PIN to an ask that waits for it. False if no ask waits for this challenge.
   *
   * @example
   * import { createCmdopRelaySimulator } from 'signalbox/testing'
   *
   * const { asks } = createCmdopRelaySimulator()
   * declare const challengeId: string // from a frame of the ask
   * console.log(asks.pin(challengeId, '1234'))
   */
  pin(challengeId: string, pin: string): boolean
  /**
   * Accepts or rejects a plan. Returns the stream that continues, null after a rejection, undefined if no ask waits for this token.
   *
   * @example
   * import { createCmdopRelaySimulator } from 'signalbox/testing'
   *
   * const { asks } = createCmdopRelaySimulator()
   * declare const token: string // from a frame of the ask
   * console.log(await asks.confirm(token, true)?.take())
   */
  confirm(token: string, accept: boolean): SseBody | null | undefined
  /** How many streams were not read to their end. */
  readonly open: number
}

export class StreamCut extends Error {}

const MAX_PIN_TRIES = 3

const WRONG_PIN_V2: SseFrame = { type: 'error', code: 'pin_denied', message: 'wrong PIN' }

function endWith(out: BoundedQueue<SseFrame>, frame: SseFrame): void {
  out.push([frame])
  out.end()
}

/** The last frame of a relay 2.0. */
const DONE_V2: SseFrame = {
  type: 'done',
  success: true,
  text: '',
  input_tokens: 12,
  output_tokens: 3,
  total_tokens: 15,
  cache_read_tokens: 2,
  cache_write_tokens: 1,
  cost_usd: 0.0015,
  cost_source: 'provider',
  engine: 'simulated',
  model: '@balanced',
}

/** The relay behind a core 2.0 asks no questions. A wrong PIN ends the ask, and the last frame has token counts and cost. */
export function createAsks(generation: 1 | 2 = 1, script?: (prompt: string) => string | undefined): Asks {
  const pins = new Map<string, (pin: string) => void>()
  const plans = new Map<string, (accept: boolean) => SseBody | null>()
  let questions = 0
  let open = 0

  const body = (queue: BoundedQueue<SseFrame>): SseBody => {
    let over = false
    const leave = (): void => {
      if (!over) open -= 1
      over = true
    }
    open += 1
    return {
      async take() {
        try {
          const frames = await queue.take()
          if (frames === null) leave()
          return frames
        } catch (error) {
          leave()
          throw error
        }
      },
      cancel() {
        leave()
        queue.discard()
      },
    }
  }

  /** Sends the steps up to a question or the end. */
  const play = (steps: readonly AskStep[], out: BoundedQueue<SseFrame>, upfront: string | undefined): void => {
    const [step, ...rest] = steps
    if (!step) {
      out.push([generation === 1 ? { type: 'done', success: true, text: '', error: '', duration_ms: 12 } : DONE_V2])
      out.end()
      return
    }
    switch (step.do) {
      case 'frame':
        out.push([step.frame])
        if (step.frame.type === 'done' || step.frame.type === 'error') return out.end()
        break
      case 'repeat':
        out.push(Array.from({ length: step.count }, () => ({ type: 'event', event_type: 1, payload: { delta: step.text } })))
        break
      case 'pin':
        if (upfront !== step.pin && generation === 2) return endWith(out, WRONG_PIN_V2)
        if (upfront !== step.pin) return askPin(step.pin, rest, out)
        break
      case 'pin-timeout':
        return endWith(out, { type: 'error', code: 'pin_required_timeout', message: 'no PIN came' })
      case 'confirm':
        return askPlan(step.plan, step.danger, rest, out, upfront)
      case 'end':
        return out.end()
      case 'cut':
        return out.fail(new StreamCut('the stream was cut'))
      case 'hang':
        return
    }
    play(rest, out, upfront)
  }

  const askPin = (pin: string, rest: readonly AskStep[], out: BoundedQueue<SseFrame>, tries = 1): void => {
    questions += 1
    const id = `challenge-${questions}`
    out.push([{ type: 'pin_required', challenge_id: id, label: 'Connect PIN' }])
    pins.set(id, (given) => {
      pins.delete(id)
      if (given === pin) return play(rest, out, undefined)
      out.push([{ type: 'pin_denied', challenge_id: id, reason: 'wrong PIN' }])
      if (tries < MAX_PIN_TRIES) return askPin(pin, rest, out, tries + 1)
      out.push([{ type: 'error', code: 'pin_denied', message: 'too many wrong PINs' }])
      out.end()
    })
  }

  /** The first stream ends with its plan. The steps after it come in the answer to the confirmation. */
  const askPlan = (
    plan: string,
    danger: string,
    rest: readonly AskStep[],
    out: BoundedQueue<SseFrame>,
    upfront: string | undefined,
  ): void => {
    questions += 1
    const token = `plan-${questions}`
    out.push([{ type: 'confirm_required', token, plan, danger_level: danger }])
    out.end()
    plans.set(token, (accept) => {
      plans.delete(token)
      if (!accept) return null
      const next = createQueue<SseFrame>({ overflow: 'pause', name: 'ask' })
      play(rest, next, upfront)
      return body(next)
    })
  }

  return {
    start({ prompt, pin }) {
      const queue = createQueue<SseFrame>({ overflow: 'pause', name: 'ask' })
      play(askScript(script?.(prompt) ?? prompt), queue, pin)
      return body(queue)
    },
    pin(challengeId, pin) {
      const answer = pins.get(challengeId)
      answer?.(pin)
      return answer !== undefined
    },
    confirm: (token, accept) => plans.get(token)?.(accept),
    get open() {
      return open
    },
  }
}
