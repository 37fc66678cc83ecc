import type { CallOptions } from '../../core/call.js'
import type { AskInit } from '../backend.js'
import { createAskStream, type AskDeps, type AskOptions, type AskStream } from '../ask-stream.js'
import type { Answer } from '../ops.js'
import { byCursor, each } from '../pages.js'
import { refused } from '../errors.js'
import { required, steering, type Context } from './context.js'

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
export function machineQuery({ presence = 'any', q = '', limit = 100, cursor = '' }: ListMachinesOptions) {
  return { presence, q, limit, cursor }
}

export function createMachines({ invoke }: Context, asking: AskDeps): Machines {
  const id = (method: string, machineId: string): string => required(`machines.${method}`, 'a machine id', machineId)
  const list = (options: ListMachinesOptions = {}) => invoke('machines.list', machineQuery(options), steering(options))
  const pages = (options: ListMachinesOptions = {}) => byCursor((cursor) => list({ ...options, cursor }), options.cursor)

  return {
    list,
    pages,
    iter: (options) => each(pages(options), ({ items }) => items),
    get: async (machineId, options) => invoke('machines.get', { machineId: id('get', machineId) }, options),
    update: async (machineId, options = {}) =>
      invoke('machines.update', { machineId: id('update', machineId), name: options.name }, steering(options)),
    async disable(machineId, options) {
      await invoke('machines.disable', { machineId: id('disable', machineId) }, options)
    },
    info: async (machineId, options) => invoke('machines.info', { machineId: id('info', machineId) }, options),
    spend: async (machineId, { window = '7d', ...options } = {}) =>
      invoke('machines.spend', { machineId: id('spend', machineId), window }, options),
    messages: async (machineId, { limit = 50, ...options } = {}) =>
      invoke('machines.messages', { machineId: id('messages', machineId), limit }, options),
    clearMessages: async (machineId, options) =>
      invoke('machines.clearMessages', { machineId: id('clearMessages', machineId) }, options),
    async activeSession(machineId, options) {
      const { agentSessionId } = await invoke('machines.activeSession', { machineId: id('activeSession', machineId) }, options)
      return agentSessionId ?? ''
    },
    ask(machineId, prompt, options = {}) {
      if (typeof prompt !== 'string' || prompt === '') throw refused('machines.ask', 'machines.ask needs a prompt.')
      const { agentType, timeoutSeconds, pin, options: extra = {} } = options
      const sessionId = options.sessionId || freshSession()
      const request: AskInit = {
        machineId: id('ask', machineId),
        sessionId,
        prompt,
        options: { ...extra },
        agentType,
        timeoutSeconds,
        pin,
      }
      return createAskStream(asking, request, options)
    },
  }
}

/** 32 hex digits, as the published SDKs make them; `randomUUID` is missing from pages that are not served securely. */
function freshSession(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
