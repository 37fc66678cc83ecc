/** Watches whether the connection of the caller is up. */
import type { NatsConnection } from '@nats-io/nats-core'
import type { Clock } from '../../src/core/clock.js'

export interface Connected {
  /** True as soon as the connection is up; false when it is closed for good, or the time is over. */
  wait(clock: Clock, ms: number): Promise<boolean>
  /** Calls back after each reconnect. */
  onBack(callback: () => void): () => void
  close(): void
}

export function watchConnection(connection: NatsConnection): Connected {
  let up = !connection.isClosed()
  const waiting = new Set<() => void>()
  const callbacks = new Set<() => void>()
  const change = (isUp: boolean): void => {
    up = isUp
    for (const wake of [...waiting]) wake()
    if (isUp) for (const callback of [...callbacks]) callback()
  }
  const events = connection.status() as AsyncIterable<{ readonly type: string }> & { stop?(): void }
  const follow = async (): Promise<void> => {
    for await (const { type } of events) {
      if (type === 'disconnect') up = false
      else if (type === 'reconnect') change(true)
    }
  }
  follow().catch(() => {})
  connection.closed().then(
    () => change(false),
    () => change(false),
  )

  return {
    wait(clock, ms) {
      if (up && !connection.isClosed()) return Promise.resolve(true)
      if (connection.isClosed()) return Promise.resolve(false)
      return new Promise((resolve) => {
        const done = (): void => {
          timer.cancel()
          waiting.delete(done)
          resolve(up && !connection.isClosed())
        }
        const timer = clock.after(ms, done)
        waiting.add(done)
      })
    },
    onBack(callback) {
      callbacks.add(callback)
      return () => void callbacks.delete(callback)
    },
    close: () => events.stop?.(),
  }
}
