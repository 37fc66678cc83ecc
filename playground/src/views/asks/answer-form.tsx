import { useEffect, useRef, useState } from 'preact/hooks'
import type { JSX } from 'preact'
import type { Answer, Ask, AskOption, AskQuestion } from 'signalbox/hub'
import { Button } from '../../design/button.js'
import { optionNote, toneOf } from './consequence.js'

interface FormProps {
  readonly ask: Ask
  readonly disabled: boolean
  readonly onAnswer: (answer: Answer) => void
}

/** The controls that answer an ask. No control has the focus by itself, and No comes first where silence counts as No. */
export function AnswerForm(props: FormProps): JSX.Element {
  const { ask } = props
  if (ask.kind === 'secret') return <SecretForm {...props} />
  if (ask.questions && ask.questions.length > 0) return <QuestionForm {...props} questions={ask.questions} />
  return <ChoiceForm {...props} options={ask.options ?? []} />
}

/** A button that stays in the keyboard order while it is inert, so that the focus does not jump. */
function AnswerButton({
  disabled,
  onClick,
  ...rest
}: { disabled: boolean; onClick: () => void } & Omit<Parameters<typeof Button>[0], 'onClick' | 'disabled'>): JSX.Element {
  return <Button aria-disabled={disabled || undefined} onClick={() => !disabled && onClick()} {...rest} />
}

function ChoiceForm({ ask, disabled, onAnswer, options }: FormProps & { options: readonly AskOption[] }): JSX.Element {
  const [editing, setEditing] = useState(false)
  const [draft, setDraft] = useState('')
  const [problem, setProblem] = useState('')
  const refuses = options.filter((option) => toneOf(option) === 'bad')
  const others = options.filter((option) => toneOf(option) !== 'bad')
  const allowEdited = (): void => {
    try {
      onAnswer({ accept: true, input: JSON.parse(draft) as unknown })
    } catch {
      setProblem('This is not JSON: check quotes and commas.')
    }
  }
  const no =
    refuses.length > 0 ? (
      refuses.map((option) => (
        <AnswerButton
          key={option.id}
          tone={ask.defaultsToNo ? 'main' : 'bad'}
          action="reject"
          data-option={option.id}
          title={optionNote(option)}
          disabled={disabled}
          onClick={() => onAnswer({ option: option.id })}
        >
          {option.label}
        </AnswerButton>
      ))
    ) : (
      <AnswerButton
        tone={ask.defaultsToNo ? 'main' : 'bad'}
        action="reject"
        disabled={disabled}
        onClick={() => onAnswer({ accept: false })}
      >
        No
      </AnswerButton>
    )
  return (
    <div class="answer">
      <div class="row">
        {no}
        {others.map((option) => (
          <AnswerButton
            key={option.id}
            tone={toneOf(option)}
            action={toneOf(option) === 'good' ? 'allow' : 'choose'}
            data-option={option.id}
            title={optionNote(option)}
            disabled={disabled}
            onClick={() => onAnswer({ option: option.id })}
          >
            {option.label}
          </AnswerButton>
        ))}
        {options.length === 0 ? (
          <AnswerButton tone="good" action="allow" disabled={disabled} onClick={() => onAnswer({ accept: true })}>
            {ask.kind === 'confirm' ? 'Run the plan' : 'Allow'}
          </AnswerButton>
        ) : null}
        {ask.editableInput && !editing ? (
          <Button
            tone="quiet"
            action="edit-input"
            onClick={() => {
              setDraft(JSON.stringify(ask.input, undefined, 2))
              setEditing(true)
            }}
          >
            Edit the input…
          </Button>
        ) : null}
      </div>
      {editing ? (
        <div class="field">
          <label class="field">
            Input, as JSON
            <textarea class="mono" rows={6} value={draft} onInput={(event) => setDraft(event.currentTarget.value)} />
          </label>
          {problem ? (
            <p class="small bad-text" role="alert">
              {problem}
            </p>
          ) : null}
          <div class="row">
            <AnswerButton tone="good" action="allow-edited" disabled={disabled} onClick={allowEdited}>
              Allow with this input
            </AnswerButton>
            <Button tone="quiet" action="cancel-edit" onClick={() => setEditing(false)}>
              Leave the input as it is
            </Button>
          </div>
        </div>
      ) : null}
    </div>
  )
}

function QuestionForm({ disabled, onAnswer, questions }: FormProps & { questions: readonly AskQuestion[] }): JSX.Element {
  const [chosen, setChosen] = useState<Readonly<Record<string, readonly string[]>>>({})
  const [free, setFree] = useState<Readonly<Record<string, string>>>({})
  const answerTo = ({ id, multiple }: AskQuestion): string | readonly string[] | undefined => {
    const text = free[id]?.trim()
    const picked = chosen[id] ?? []
    if (text) return multiple ? [...picked, text] : text
    return multiple ? (picked.length > 0 ? picked : undefined) : picked[0]
  }
  const missing = questions.filter((question) => answerTo(question) === undefined).length
  const toggle = ({ id, multiple }: AskQuestion, option: string): void => {
    const before = chosen[id] ?? []
    const next = multiple ? (before.includes(option) ? before.filter((one) => one !== option) : [...before, option]) : [option]
    setChosen({ ...chosen, [id]: next })
    if (!multiple) setFree({ ...free, [id]: '' })
  }
  return (
    <form
      class="answer"
      onSubmit={(event) => {
        event.preventDefault()
        if (disabled || missing > 0) return
        onAnswer({ answers: Object.fromEntries(questions.map((question) => [question.id, answerTo(question) ?? ''])) })
      }}
    >
      {questions.map((question, at) => (
        <fieldset key={question.id} class="question">
          <legend>{question.text}</legend>
          {question.options.map(({ id, label, description }) => (
            <label key={id} class="choice">
              <input
                type={question.multiple ? 'checkbox' : 'radio'}
                name={`question-${at}`}
                data-option={id}
                checked={(chosen[question.id] ?? []).includes(id)}
                onChange={() => toggle(question, id)}
              />
              <span>
                {label}
                {description ? <span class="muted small"> {description}</span> : null}
              </span>
            </label>
          ))}
          {question.freeText ? (
            <input
              class="input"
              type="text"
              aria-label={`Your own answer to: ${question.text}`}
              placeholder="An answer of your own"
              value={free[question.id] ?? ''}
              onInput={(event) => setFree({ ...free, [question.id]: event.currentTarget.value })}
            />
          ) : null}
        </fieldset>
      ))}
      <div class="row">
        <Button type="submit" tone="main" action="answer" aria-disabled={disabled || missing > 0 || undefined}>
          Answer
        </Button>
        <AnswerButton tone="quiet" action="reject" disabled={disabled} onClick={() => onAnswer({ accept: false })}>
          Do not answer
        </AnswerButton>
        {missing > 0 ? (
          <span class="muted small num">
            {missing} of {questions.length} to answer
          </span>
        ) : null}
      </div>
    </form>
  )
}

function SecretForm({ ask, disabled, onAnswer }: FormProps): JSX.Element {
  const field = useRef<HTMLInputElement>(null)
  // The value stays in the field and never becomes state; the field is emptied when the ask leaves the page.
  useEffect(
    () => () => {
      if (field.current) field.current.value = ''
    },
    [],
  )
  return (
    <form
      class="answer row"
      onSubmit={(event) => {
        event.preventDefault()
        const input = field.current
        if (disabled || !input || input.value === '') return
        const secret = input.value
        input.value = ''
        onAnswer({ secret })
      }}
    >
      <input
        class="input"
        type="password"
        ref={field}
        aria-label={ask.title}
        placeholder={ask.title}
        autocomplete="off"
        data-1p-ignore
        spellcheck={false}
      />
      <Button type="submit" tone="main" action="answer" aria-disabled={disabled || undefined}>
        Send once
      </Button>
      <span class="muted small">It has no button for No. Without an answer it counts as No.</span>
    </form>
  )
}
