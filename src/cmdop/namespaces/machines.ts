import type { CallOptions } from '../../core/call.js'
import type { AskOptions, AskStream } from '../ask-options.js'
import { createAskStream, type AskDeps } from '../ask-stream.js'
import type { AskInit } from '../backend.js'
import { AskOptionsSchema } from '../gen/cmdop/core/v2/contract_pb.js'
import type { Answer } from '../ops.js'
import { byCursor } from '../pages.js'
import type { MachineMessage, MachineRoster } from '../v2/answers.js'
import { checkRequest } from '../request-check.js'
import { schemaOf } from '../schema.js'
import { about, listed, needed, type Context } from './context.js'

/** Which machines a list gives. Over a core 2.0, which has no filters, every option but `limit` is refused with `unsupported`. */
export interface ListMachinesOptions extends CallOptions {
  /** Default `any`. */
  readonly presence?: 'any' | 'online' | 'offline' | (string & {})
  /** A text to search for. The cores 1.0.2 to 1.1.1 do not pass it on; REST does. */
  readonly q?: string
  /** Machines per page. Default 100. A core 2.0 gives all machines in one page. */
  readonly limit?: number
  /** `nextCursor` of an earlier page. */
  readonly cursor?: string
}

/** How much of a machine's history is wanted. */
export interface MessagesOptions extends CallOptions {
  /** The newest so many. Default 50; a core 2.0 takes 1 to 500. */
  readonly limit?: number
  /** Core 2.0: the conversation. Default: the machine's current one. */
  readonly session?: string
}

/** A machine in a list. Text that a core 2.0 does not give is ''. */
export type Machine = Answer<'machines.list'>['items'][number]
/** A page of machines. Over a core 2.0 it is the whole roster, and has `epoch`, `sequence` and `machines` too. */
export type MachinePage = Answer<'machines.list'> & Partial<MachineRoster>
/** A message of a machine's history. The members of `MachineMessage` come from a core 2.0. */
export type HistoryMessage = Answer<'machines.messages'>['messages'][number] & Partial<Omit<MachineMessage, 'createdAt' | 'role'>>
/** The history of a machine's conversation. */
export type MachineHistory = Omit<Answer<'machines.messages'>, 'messages'> & { readonly messages: readonly HistoryMessage[] }

/** Machines, and the agent on each of them. */
export interface Machines {
  /**
   * One page of machines.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * const { items, hasMore } = await cmdop.machines.list({ presence: 'online', limit: 20 })
   * console.log(items.map(({ name }) => name), hasMore)
   */
  list(options?: ListMachinesOptions): Promise<MachinePage>
  /**
   * The machines of all pages. Fails with `protocol` if the server gives a page again.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * for await (const machine of cmdop.machines.iter({ presence: 'online' })) console.log(machine.hostname)
   */
  iter(options?: ListMachinesOptions): AsyncGenerator<Machine, void>
  /**
   * All pages of machines, one after another.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * for await (const { items } of cmdop.machines.pages({ limit: 50 })) console.log(items.length)
   */
  pages(options?: ListMachinesOptions): AsyncGenerator<MachinePage, void>
  /**
   * All machines at one moment, with an epoch and a sequence that tell a newer roster from an older one. Core 2.0 only.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * const { epoch, sequence, machines } = await cmdop.machines.roster()
   * console.log(epoch, sequence, machines.filter(({ connected }) => connected).length)
   */
  roster(options?: CallOptions): Promise<MachineRoster>
  /**
   * All about one machine. Core 1.x and REST.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * const { summary, username } = await cmdop.machines.get('00000000-0000-4000-8001-000000000001')
   * console.log(summary?.hostname, username)
   */
  get(machineId: string, options?: CallOptions): Promise<Answer<'machines.get'>>
  /**
   * Renames a machine. A name that is not given is not sent; `name: ''` is, and the relay takes it for the new name. Core 1.x and REST.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * await cmdop.machines.update('00000000-0000-4000-8001-000000000001', { name: 'build box' })
   */
  update(machineId: string, options?: CallOptions & { readonly name?: string }): Promise<Answer<'machines.update'>>
  /**
   * Disables a machine. It stays in the list, with `disabledAt`. Core 1.x and REST.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * await cmdop.machines.disable('00000000-0000-4000-8001-000000000001')
   */
  disable(machineId: string, options?: CallOptions): Promise<void>
  /**
   * Hardware, live state, session and presence of a machine. Core 1.x and REST.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * const { hardware, presence } = await cmdop.machines.info('00000000-0000-4000-8001-000000000001')
   * console.log(hardware?.cpuCores, presence?.status)
   */
  info(machineId: string, options?: CallOptions): Promise<Answer<'machines.info'>>
  /**
   * What a machine's agent spent. `window` is a span of time such as `7d`, the default. Core 1.x and REST.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * console.log((await cmdop.machines.spend('00000000-0000-4000-8001-000000000001')).totalUsd)
   */
  spend(machineId: string, options?: CallOptions & { readonly window?: string }): Promise<Answer<'machines.spend'>>
  /**
   * Asks the agent of a machine. Nothing is sent before the stream is read. Throws `invalid_argument` for a mistake in the arguments.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * const stream = cmdop.machines.ask('00000000-0000-4000-8001-000000000001', 'df -h', { pin: '1234' })
   * for await (const frame of stream) if (frame.type === 'event') console.log(frame.payload)
   * console.log(stream.done?.success, stream.done?.totalTokens)
   */
  ask(machineId: string, prompt: string, options?: AskOptions): AskStream
  /**
   * The newest messages of a machine's conversation.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * const { messages } = await cmdop.machines.messages('00000000-0000-4000-8001-000000000001', { limit: 10 })
   * for (const { role, text } of messages) console.log(role, text)
   */
  messages(machineId: string, options?: MessagesOptions): Promise<MachineHistory>
  /**
   * Deletes a machine's history, and tells how many messages went. Core 1.x and REST.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * console.log((await cmdop.machines.clearMessages('00000000-0000-4000-8001-000000000001')).deleted)
   */
  clearMessages(machineId: string, options?: CallOptions): Promise<Answer<'machines.clearMessages'>>
  /**
   * The session that the machine's agent is in; '' if there is none. Core 1.x and REST.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * console.log(await cmdop.machines.activeSession('00000000-0000-4000-8001-000000000001'))
   */
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
    roster: (options) => context.invoke('machines.roster', {}, options),
    messages: machine('machines.messages', ({ limit = 50, session }: MessagesOptions) => ({
      limit,
      ...(session === undefined ? {} : { session }),
    })),
    clearMessages: machine('machines.clearMessages'),
    activeSession: async (machineId, options) => (await activeSession(machineId, options)).agentSessionId ?? '',
    ask: (machineId, prompt, options = {}) => createAskStream(asking, askInit(machineId, prompt, options), options),
  }
}

/** The ask of a caller, checked. Throws `invalid_argument` for what no generation can send. */
function askInit(machineId: string, prompt: string, options: AskOptions): AskInit {
  const op = 'machines.ask'
  const { pin, sessionId = '', agentType, timeoutSeconds, options: extra } = options
  const { attachmentIds, engine, model, workingDir, projectRootId } = options
  needed(op, attachmentIds?.length ? { machineId } : { machineId, prompt })
  const ofV1 = withoutAbsent({ agentType, timeoutSeconds, options: extra })
  const ofV2 = withoutAbsent({ attachmentIds, engine, model, workingDir, projectRootId })
  checkRequest(schemaOf('askReq'), { prompt, sessionId, pin, ...ofV1 }, op)
  checkRequest(AskOptionsSchema, ofV2, op)
  return { machineId, prompt, sessionId: sessionId || freshSession(), sessionGiven: sessionId !== '', pin, ofV1, ofV2 }
}

function withoutAbsent<Fields extends object>(fields: Fields): { [Key in keyof Fields]?: NonNullable<Fields[Key]> } {
  const presentFields = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(presentFields) as { [Key in keyof Fields]?: NonNullable<Fields[Key]> }
}

/** 32 hex digits, as the published SDKs make them; `randomUUID` is missing from pages that are not served securely. */
function freshSession(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
