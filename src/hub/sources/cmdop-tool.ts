/** Tool events of a machine, recognized by their payload: the numbers of the events are not documented. */
import { isRecord } from '../../core/is-record.js'
import type { ToolEvent } from '../model/event.js'

/** Undefined when the payload is no tool call. */
export function cmdopTool(payload: unknown): ToolEvent | undefined {
  if (!isRecord(payload)) return undefined
  const name = payload.tool ?? payload.tool_name ?? payload.name
  const id = payload.tool_call_id ?? payload.call_id ?? payload.id
  if (typeof name !== 'string' || typeof id !== 'string') return undefined
  const output = payload.result ?? payload.output
  const failed = payload.error !== undefined || payload.success === false
  const input = payload.args ?? payload.arguments ?? payload.input
  return {
    kind: 'tool',
    id,
    name,
    status: failed ? 'failed' : output === undefined ? 'running' : 'done',
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
  }
}
