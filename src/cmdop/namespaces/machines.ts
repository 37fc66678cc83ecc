import type { CallOptions } from '../../core/call.js'
import { createAskStream, type AskDeps, type AskOptions, type AskStream } from '../ask-stream.js'
import type { Answer } from '../ops.js'
import { byCursor } from '../pages.js'
import { checkRequest } from '../request-check.js'
import { schemaOf } from '../schema.js'
import { about, listed, needed, type Context } from './context.js'

export interface ListMachinesOptions extends CallOptions {
  /** Default `any`. */
  readonly presence?: 'any' | 'online' | 'offline' | (string & {})
  /** Passed on; the cores 1.0.2 and 1.1.0 drop it. */
  readonly q?: string
  readonly limit?: number
  readonly cursor?: string
}

export interface Machines {
  list(options?: ListMachinesOptions): Promise<Answer<'machines.list'>>
  iter(options?: ListMachinesOptions): AsyncGenerator<Answer<'machines.list'>['items'][number], void>
  pages(options?: ListMachinesOptions): AsyncGenerator<Answer<'machines.list'>, void>
  get(machineId: string, options?: CallOptions): Promise<Answer<'machines.get'>>
  /** A name that is not given is not sent; `name: ''` is, and the relay takes it for the new name. */
  update(machineId: string, options?: CallOptions & { readonly name?: string }): Promise<Answer<'machines.update'>>
  /** Soft: the machine stays listed with `disabledAt`. */
  disable(machineId: string, options?: CallOptions): Promise<void>
  info(machineId: string, options?: CallOptions): Promise<Answer<'machines.info'>>
  spend(machineId: string, options?: CallOptions & { readonly window?: string }): Promise<Answer<'machines.spend'>>
  /** Lazy: nothing is sent before the stream is read. */
  ask(machineId: string, prompt: string, options?: AskOptions): AskStream
  messages(machineId: string, options?: CallOptions & { readonly limit?: number }): Promise<Answer<'machines.messages'>>
  clearMessages(machineId: string, options?: CallOptions): Promise<Answer<'machines.clearMessages'>>
  /** The session that the machine's agent is in; '' where there is none. */
  activeSession(machineId: string, options?: CallOptions): Promise<string>
}

/** The query of both machine lists, with the empty strings that the published SDKs write. */
export const machineQuery = ({ presence = 'any', q = '', limit = 100 }: ListMachinesOptions) => ({ presence, q, limit })

export function createMachines(context: Context, asking: AskDeps): Machines {
  const machine = about(context, 'machineId')
  const activeSession = machine('machines.activeSession')

  return {
    ...listed(context, 'machines.list', byCursor, (options: ListMachinesOptions = {}) => [machineQuery(options), options]),
    get: machine('machines.get'),
    update: machine('machines.update', ({ name }: CallOptions & { readonly name?: string }) => ({ name })),
    disable: machine('machines.disable'),
    info: machine('machines.info'),
    spend: machine('machines.spend', ({ window = '7d' }: CallOptions & { readonly window?: string }) => ({ window })),
    messages: machine('machines.messages', ({ limit = 50 }: CallOptions & { readonly limit?: number }) => ({ limit })),
    clearMessages: machine('machines.clearMessages'),
    activeSession: async (machineId, options) => (await activeSession(machineId, options)).agentSessionId ?? '',
    ask(machineId, prompt, options = {}) {
      const { agentType, timeoutSeconds, pin, options: extra } = options
      const sessionId = options.sessionId || freshSession()
      const what = { ...needed('machines.ask', { machineId, prompt }), options: { ...extra } }
      const request = { ...what, sessionId, agentType, timeoutSeconds, pin }
      checkRequest(schemaOf('askReq'), request, 'machines.ask')
      return createAskStream(asking, request, options)
    },
  }
}

/** 32 hex digits, as the published SDKs make them; `randomUUID` is missing from pages that are not served securely. */
function freshSession(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
