/**
 * The listeners of a gateway's credentials: those of one credential, which end its links, and those of every change. What a listener throws is
 * dropped, so that a listener that fails keeps no link of a withdrawn credential open.
 */
import { notifyObserver } from '../core/policy/policy.js'

/** A change of the credentials. */
export interface CredentialChange {
  /** `ticket`: a ticket was made. `revoked`: a credential or an unused ticket was withdrawn. */
  readonly change: 'issued' | 'revoked' | 'ticket'
  /** The id of the credential or the ticket. It is no secret. */
  readonly id: string
  /** The name that its owner gave it. */
  readonly name?: string | undefined
}

export function createListeners() {
  const ofGrant = new Map<string, Set<() => void>>()
  const watchers = new Set<(change: CredentialChange) => void>()
  const tellChange = (change: CredentialChange): void => {
    for (const watcher of [...watchers]) notifyObserver(watcher, change)
  }
  const onRevoked = (grantId: string, listener: () => void): (() => void) => {
    const listeners = ofGrant.get(grantId) ?? new Set()
    ofGrant.set(grantId, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && ofGrant.get(grantId) === listeners) ofGrant.delete(grantId)
    }
  }
  const onChange = (listener: (change: CredentialChange) => void): (() => void) => {
    watchers.add(listener)
    return () => void watchers.delete(listener)
  }
  return {
    tellChange,
    /** Ends what runs under a credential that is no longer kept. */
    withdrawn(id: string, name: string | undefined): void {
      const listeners = ofGrant.get(id)
      ofGrant.delete(id)
      for (const listener of [...(listeners ?? [])]) notifyObserver(listener, undefined)
      tellChange({ change: 'revoked', id, name })
    },
    onRevoked,
    onChange,
  }
}
