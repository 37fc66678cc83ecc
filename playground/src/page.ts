/** The few ways in which the page is written to. Text only: nothing that comes over the wire becomes markup. */
import { SignalboxError } from 'signalbox'

export function find<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  const found = document.getElementById(id)
  if (!found) throw new Error(`the page has no #${id}`)
  return found as Kind
}

type Child = Node | string

export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

const MOST_LINES = 500

export function note(text: string, bad = false): void {
  const log = find('log')
  const line = make('li', bad ? { class: 'bad' } : {}, make('time', {}, new Date().toLocaleTimeString()), text)
  log.append(line)
  while (log.childElementCount > MOST_LINES) log.firstElementChild?.remove()
  log.scrollTop = log.scrollHeight
}

export function noteFailure(what: string, error: unknown): void {
  if (SignalboxError.is(error)) note(`${what}: ${error.message} (${error.code}, sent: ${error.sent})`, true)
  else note(`${what}: ${error instanceof Error ? error.message : String(error)}`, true)
}

export function table(heads: readonly string[], rows: readonly (readonly string[])[]): HTMLTableElement {
  const cells = (tag: 'td' | 'th', texts: readonly string[]) =>
    make('tr', {}, ...texts.map((text) => make(tag, tag === 'th' ? { scope: 'col' } : {}, text)))
  return make('table', {}, make('thead', {}, cells('th', heads)), make('tbody', {}, ...rows.map((row) => cells('td', row))))
}

export function field(name: string, label: string, value = '', wide = true): HTMLLabelElement {
  return make('label', wide ? { class: 'wide' } : {}, label, make('input', { name, value, autocomplete: 'off' }))
}

export function choice(name: string, label: string, options: readonly string[]): HTMLLabelElement {
  return make('label', {}, label, make('select', { name }, ...options.map((option) => make('option', {}, option))))
}

/** A form whose button is off while its call runs. Failures are noted, never thrown. */
export function callForm(
  name: string,
  fields: readonly HTMLElement[],
  run: (values: (field: string) => string) => Promise<void>,
): HTMLFormElement {
  const button = make('button', { class: 'go' }, name)
  const form = make('form', { class: 'call' }, ...fields, button)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const data = new FormData(form)
    button.disabled = true
    run((key) => String(data.get(key) ?? ''))
      .catch((error: unknown) => noteFailure(name, error))
      .finally(() => {
        button.disabled = false
      })
  })
  return form
}

/** A person decides; closing the dialog is a refusal. */
export function askPerson(
  title: string,
  detail: string,
  withEntry = false,
): Promise<{ readonly allowed: boolean; readonly entry: string }> {
  const dialog = find<HTMLDialogElement>('question')
  find('question-title').textContent = title
  find('question-detail').textContent = detail
  const entry = find('question-entry')
  entry.hidden = !withEntry
  const input = entry.querySelector('input') as HTMLInputElement
  input.value = ''
  dialog.returnValue = 'no'
  dialog.showModal()
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve({ allowed: dialog.returnValue === 'yes', entry: input.value }), { once: true })
  })
}
