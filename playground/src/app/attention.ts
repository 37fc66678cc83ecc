/** Tells a person who looks elsewhere that an agent waits: in the title, and as a notification if the person allowed that. */
import { effect } from '@preact/signals'
import type { Model } from '../model/model.js'

/** Starts. Notifications are shown only while the page is hidden, and one for each ask. */
export function callAttention(model: Model): void {
  const told = new Set<string>()
  effect(() => {
    const { open } = model.asks.value
    document.title = open.length > 0 ? `(${open.length}) Signalbox` : 'Signalbox'
    for (const ask of open) {
      if (told.has(ask.id)) continue
      told.add(ask.id)
      const agent = model.agent(ask.agent).peek()?.agent.name ?? ask.agent
      if (document.visibilityState === 'hidden') notify(`${agent} asks`, ask.title, ask.id)
    }
    for (const id of told) if (!open.some((ask) => ask.id === id)) told.delete(id)
  })
}

function notify(title: string, body: string, tag: string): void {
  if (!('Notification' in globalThis) || Notification.permission !== 'granted') return
  const shown = new Notification(title, { body, tag, icon: './signal.svg' })
  shown.onclick = () => {
    focus()
    location.hash = '#/asks'
    shown.close()
  }
}
