/**
 * What a simulated machine does with a prompt: steps in double brackets, in order; the rest of the prompt is only text.
 * `[[say x]]` `[[payload json]]` `[[pin 1234]]` `[[pin-timeout]]` `[[confirm plan]]` `[[danger plan]]` `[[repeat 1000 x]]`
 * `[[frame json]]` (any frame, as it is) `[[error code message]]` `[[fail text]]` (done, but without success) `[[end]]` (no last frame)
 * `[[cut]]` (the stream breaks) `[[hang]]` (silence). Without a step it answers `You said: …`.
 */

export type AskStep =
  | { readonly do: 'frame'; readonly frame: Readonly<Record<string, unknown>> }
  | { readonly do: 'repeat'; readonly count: number; readonly text: string }
  | { readonly do: 'pin'; readonly pin: string }
  | { readonly do: 'pin-timeout' }
  | { readonly do: 'confirm'; readonly plan: string; readonly danger: string }
  | { readonly do: 'end' | 'cut' | 'hang' }

const delta = (text: string): AskStep => ({ do: 'frame', frame: { type: 'event', event_type: 1, payload: { delta: text } } })

export function askScript(prompt: string): readonly AskStep[] {
  const steps = [...prompt.matchAll(/\[\[(\S+?)(?:\s([\s\S]*?))?\]\](?!\])/g)].map(([, word = '', rest = '']) => stepOf(word, rest))
  return steps.length > 0 ? steps : [delta('You said: '), delta(prompt)]
}

function stepOf(word: string, rest: string): AskStep {
  switch (word) {
    case 'say':
      return delta(rest)
    case 'payload':
      return { do: 'frame', frame: { type: 'event', event_type: 2, payload: JSON.parse(rest) as unknown } }
    case 'frame':
      return { do: 'frame', frame: JSON.parse(rest) as Record<string, unknown> }
    case 'repeat': {
      const [count = '1', ...words] = rest.split(' ')
      return { do: 'repeat', count: Number(count), text: words.join(' ') }
    }
    case 'pin':
      return { do: 'pin', pin: rest }
    case 'confirm':
    case 'danger':
      return { do: 'confirm', plan: rest, danger: word === 'danger' ? 'high' : '' }
    case 'error': {
      const [code = '', ...words] = rest.split(' ')
      return { do: 'frame', frame: { type: 'error', code, message: words.join(' ') } }
    }
    case 'fail':
      return { do: 'frame', frame: { type: 'done', success: false, text: '', error: rest, duration_ms: 3 } }
    case 'pin-timeout':
    case 'end':
    case 'cut':
    case 'hang':
      return { do: word }
    default:
      throw new Error(`the simulated machine has no step ${word}`)
  }
}
