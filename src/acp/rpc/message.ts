/** Tells what one JSON value from the peer is. By hand and not by a schema, because every message passes through here. */
import type { RpcErrorBody } from './errors.js'

export type RpcId = string | number | null

/** One message of JSON-RPC 2.0. */
export type RpcMessage =
  | { readonly type: 'request'; readonly id: RpcId; readonly method: string; readonly params: unknown }
  | { readonly type: 'notification'; readonly method: string; readonly params: unknown }
  | { readonly type: 'result'; readonly id: RpcId; readonly result: unknown }
  | { readonly type: 'error'; readonly id: RpcId; readonly error: RpcErrorBody }
  | { readonly type: 'invalid'; readonly id: RpcId; readonly reason: string }

const isId = (value: unknown): value is RpcId => value === null || typeof value === 'string' || typeof value === 'number'

/** Reads one parsed line. The member `jsonrpc` is not checked: some agents leave it out, and nothing depends on it. */
export function readRpcMessage(value: unknown): RpcMessage {
  if (typeof value !== 'object' || value === null) return { type: 'invalid', id: null, reason: 'The line is not a JSON object.' }
  if (Array.isArray(value)) return { type: 'invalid', id: null, reason: 'Batches are not part of the protocol.' }
  const { id, method, params, result, error } = value as Record<string, unknown>
  if (typeof method === 'string') {
    if (id === undefined) return { type: 'notification', method, params }
    if (isId(id)) return { type: 'request', id, method, params }
    return { type: 'invalid', id: null, reason: 'The id of a request is neither a string, a number nor null.' }
  }
  if (!isId(id)) return { type: 'invalid', id: null, reason: 'The object has neither a method nor an id.' }
  if (error !== undefined && error !== null) {
    const { code, message, data } = error as Record<string, unknown>
    if (typeof code !== 'number') return { type: 'invalid', id, reason: 'The error of a response has no numeric code.' }
    return { type: 'error', id, error: { code, message: typeof message === 'string' ? message : '', data } }
  }
  // Some agents answer a request without a result with `{ id }` alone.
  return { type: 'result', id, result: result ?? null }
}
