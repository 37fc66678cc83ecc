/** What every namespace is made of: one typed call, and the checks that come before anything is written. */
import type { CallOptions } from '../../core/call.js'
import { refused } from '../errors.js'
import type { Answer, OpName, Request } from '../ops.js'

export interface Context {
  invoke<Name extends OpName>(name: Name, request: Request<Name>, options: CallOptions | undefined): Promise<Answer<Name>>
  /** The fleet that a fleet-scoped call is about; throws where none is known. */
  fleet(op: string, explicit: string | undefined): string
}

/** Upstream sends an empty id and lets the server wonder. */
export function required(op: string, name: string, value: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw refused(op, `${op} needs ${name}; it is ${value === '' ? 'empty' : 'missing'}.`)
}

/** Of options that hold more, those that steer the call. */
export function steering({ signal, timeoutMs }: CallOptions): CallOptions {
  return { ...(signal ? { signal } : {}), ...(timeoutMs === undefined ? {} : { timeoutMs }) }
}

export interface OffsetOptions extends CallOptions {
  /** Counts from 1. Needs `perPage`: a relay that is told no size gives its first page, whatever the number. */
  readonly page?: number
  readonly perPage?: number
}
export interface FleetScoped {
  /** Default: the client's own. */
  readonly fleetId?: string | undefined
}

export function checkedPage(op: string, { page = 1, perPage = 0 }: OffsetOptions): void {
  if (page > 1 && perPage <= 0) throw refused(op, `page ${page} needs perPage: without it the relay gives its first page.`)
}
