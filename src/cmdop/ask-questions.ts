/** The questions of one ask: which are open, and whether the PIN that was given at the start answers one. No I/O. */
import type { AskFrame } from './frames.js'

export type QuestionKind = 'pin' | 'confirm'

export interface Questions {
  /** Takes note of a frame. Gives the frame to show, and the PIN to send at once if the first one answers this question. */
  note(frame: AskFrame): { readonly frame: AskFrame; readonly pin?: string }
  /** True if a question of this kind and name waits for an answer. */
  isOpen(kind: QuestionKind, name: string): boolean
  close(name: string): void
  /** The answer never left, so the question waits again. */
  reopen(kind: QuestionKind, name: string): void
  /** The tokens of all plans that wait. */
  readonly plans: readonly string[]
  readonly anyOpen: boolean
}

/** `upfrontPin` is used for the first PIN question only, and never after a refusal: machines lock up after wrong PINs. */
export function createQuestions(upfrontPin: string | undefined): Questions {
  const open = new Map<string, QuestionKind>()
  let unusedPin = upfrontPin
  return {
    note(frame) {
      if (frame.type === 'pin_denied') unusedPin = undefined
      if (frame.type === 'confirm_required') open.set(frame.token, 'confirm')
      if (frame.type !== 'pin_required') return { frame }
      const pin = unusedPin
      unusedPin = undefined
      if (pin !== undefined) return { frame: { ...frame, answered: true }, pin }
      open.set(frame.challengeId, 'pin')
      return { frame }
    },
    isOpen: (kind, name) => open.get(name) === kind,
    close: (name) => void open.delete(name),
    reopen: (kind, name) => void open.set(name, kind),
    get plans() {
      return [...open].flatMap(([name, kind]) => (kind === 'confirm' ? [name] : []))
    },
    get anyOpen() {
      return open.size > 0
    },
  }
}
