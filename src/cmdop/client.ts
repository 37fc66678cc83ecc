/** The client: one surface over a core 1.x or 2.0 on a link, or over REST. */
import { createCaller, type CallOptions, type ClientOptions } from '../core/call.js'
import { notifyObserver } from '../core/policy/policy.js'
import type { InvalidMessage } from '../core/validate.js'
import type { ExchangeTransport, Link, OpenOptions, StreamTransport } from '../transport.js'
import type { Backend, BackendOptions } from './backend.js'
import { isLoopback, resolveConfig, type CmdopConfig, type ResolvedConfig } from './config.js'
import type { ConnectionLimits } from './connection.js'
import { createCoreBackend, type CoreBackendOptions } from './core-backend.js'
import { asCmdopError, CmdopError, refused } from './errors.js'
import type { Context } from './namespaces/context.js'
import { createFleets, type Fleets } from './namespaces/fleets.js'
import { createKeys, type Keys } from './namespaces/keys.js'
import { createMachines, type Machines } from './namespaces/machines.js'
import { createSchedules, type Schedules } from './namespaces/schedules.js'
import { createSkills, type Skills } from './namespaces/skills.js'
import { createSystem, type System } from './namespaces/system.js'
import { createTunnels, type Tunnels } from './namespaces/tunnels.js'
import { isIdempotent, type Answer, type AnyOpName, type Request } from './ops.js'
import { checkOp } from './request-check.js'
import type { Generation } from './wire.js'

/** Starts cores, as `cmdopCore()` of `signalbox/node` does. It is given the credentials, and may know some from its own environment. */
export interface CoreTransport {
  readonly kind: 'stream'
  readonly name: string
  /** Settings of the environment, used where the client names none. */
  readonly environment: CmdopConfig
  // The method is not called `open`: then a generic link transport would also match this type and be inferred to take a configuration.
  launch(config: ResolvedConfig, options?: OpenOptions): Promise<CoreLink>
}

/** A link to a core whose protocol is known: 1 unless the link says otherwise. */
export interface CoreLink extends Link {
  /** Which protocol the core speaks. */
  readonly generation?: Generation
}

/** What `cmdopRest()` of `signalbox/cmdop/rest` gives. REST is plugged in, so that a program with a core does not carry it. */
export interface RestTransport extends ExchangeTransport {
  /** Makes what carries the calls of one client. */
  backend(config: ResolvedConfig, options?: BackendOptions): Backend
}

/** Options of `createCmdop`. Settings given here win over the environment of the transport. */
export interface CmdopOptions extends Omit<ClientOptions, 'timeoutMs'>, CmdopConfig {
  /**
   * `cmdopCore()` starts a core here; any other link leads to a core that runs elsewhere with its own credentials; `cmdopRest()` speaks
   * REST to the relay and the platform (experimental).
   */
  readonly transport: CoreTransport | StreamTransport<void> | RestTransport
  /** Which protocol the core behind a plain link speaks: 1 for cores 1.x (the default), 2 for cores 2.x. `cmdopCore()` finds it out. */
  readonly generation?: Generation
  /** Limits of the connection to a core. */
  readonly limits?: ConnectionLimits
  /** How long `close()` waits for calls in flight. Default 5 s. */
  readonly closeGraceMs?: number
  /** Told about answers that do not fit the schema, with `validate: 'warn'`. */
  readonly onEvent?: (event: InvalidMessage) => void
}

/** A client of CMDOP. */
export interface Cmdop extends AsyncDisposable {
  /** The relay itself. Core 2.0. */
  readonly system: System
  /** Machines and their agents. */
  readonly machines: Machines
  /** Groups of machines and people. */
  readonly fleets: Fleets
  /** Public addresses that lead to a machine. */
  readonly tunnels: Tunnels
  /** Commands that run at certain times. */
  readonly schedules: Schedules
  /** API keys of a fleet. */
  readonly keys: Keys
  /** Packages of the platform. */
  readonly skills: Skills
  /** The fleet of calls that name none. */
  readonly fleetId: string | undefined
  /** The address of the relay. */
  readonly baseUrl: string
  /** What this connection can and cannot do. */
  readonly capabilities: {
    /** A core goes on with an ask that nobody reads: the protocol cannot cancel. REST drops the request; what the relay does is unknown. */
    readonly cancelsAsk: false
    /** Whether calls go through a core or over REST. */
    readonly plane: 'core' | 'rest'
    /** Which protocol the core speaks; undefined before the first call to it, and over REST. */
    readonly generation: Generation | undefined
  }
  /**
   * Any op by its name, with the fields of its request message. Defaults are not filled in. Fails with `invalid_argument` for a field
   * that the op does not have, and with `unsupported` for an op that this connection does not have.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * const { items } = await cmdop.call('machines.list', { presence: 'online', limit: 10 })
   * console.log(items.length)
   */
  call<Name extends AnyOpName>(name: Name, request: Request<Name>, options?: CallOptions): Promise<Answer<Name>>
  /**
   * Waits for calls in flight, at most `closeGraceMs`, and ends the core. Over REST it ends what is still open then. Calls after it fail
   * with `closed`. A second call gives the same promise.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * const cmdop = createCmdop({ transport: cmdopCore() })
   * console.log((await cmdop.machines.list()).items.length)
   * await cmdop.close()
   */
  close(): Promise<void>
}

/**
 * Makes a client. Nothing is started and nothing is sent before the first call. Throws `invalid_argument` for settings that contradict
 * the transport.
 *
 * @example
 * import { createCmdop } from 'signalbox/cmdop'
 * import { cmdopCore } from 'signalbox/node'
 *
 * await using cmdop = createCmdop({ transport: cmdopCore() })
 * for await (const machine of cmdop.machines.iter({ presence: 'online' })) console.log(machine.name)
 */
export function createCmdop(options: CmdopOptions): Cmdop {
  const { transport, interceptors, clock } = options
  const config = resolveConfig(options, 'environment' in transport ? transport.environment : {})
  const { timeoutMs } = config
  const caller = createCaller({ system: 'cmdop', transport: transport.name, interceptors, clock, timeoutMs })
  let generation: Generation | undefined
  const backend = backendOf(options, config, (found) => {
    generation = found
  })

  const invoke: Context['invoke'] = async <Name extends AnyOpName>(
    name: Name,
    request: Request<Name>,
    callOptions?: CallOptions,
  ) => {
    checkOp(name, request)
    const idempotent = isIdempotent(name)
    try {
      const answer = await caller.run({ op: name, args: request, idempotent }, callOptions, (call) =>
        backend.unary(name, request, call),
      )
      return answer as Answer<Name>
    } catch (error) {
      throw asCmdopError(error)
    }
  }
  const context: Context = { invoke, fleet: (op, explicit) => ({ fleetId: explicit.fleetId || config.fleetId || noFleet(op) }) }
  const close = (): Promise<void> => backend.close()
  return {
    system: createSystem(context),
    machines: createMachines(context, { backend, caller, clock, timeoutMs }),
    fleets: createFleets(context),
    tunnels: createTunnels(context),
    schedules: createSchedules(context),
    keys: createKeys(context),
    skills: createSkills(context),
    fleetId: config.fleetId,
    baseUrl: config.baseUrl,
    capabilities: {
      cancelsAsk: false,
      plane: transport.kind === 'exchange' ? 'rest' : 'core',
      get generation() {
        return generation
      },
    },
    call: invoke,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function noFleet(op: string): never {
  throw refused(op, `${op} needs a fleet, and none is known.`, 'Pass fleetId to the call or to createCmdop, or set CMDOP_FLEET_ID.')
}

function backendOf(options: CmdopOptions, config: ResolvedConfig, onGeneration: (generation: Generation) => void): Backend {
  const { transport, clock, closeGraceMs, limits } = options
  const common: BackendOptions = { clock, closeGraceMs, complain: complainOf(options) }
  if (transport.kind !== 'exchange') {
    return createCoreBackend({ ...common, limits, onGeneration, transport: transport.name, ...opening(transport, config, options) })
  }
  // The type forbids it; plain JavaScript does not.
  if (!transport.backend) {
    const hint = 'Wrap it: cmdopRest({ relay, platform }) of signalbox/cmdop/rest.'
    throw new CmdopError({ code: 'invalid_argument', message: 'An exchange alone knows no routes.', hint })
  }
  return transport.backend(config, common)
}

/** What to do about a value that does not fit the schema, as `validate` says. */
function complainOf({ validate = 'warn', onEvent }: CmdopOptions): BackendOptions['complain'] {
  if (validate === 'off') return undefined
  return (op) => (path, fault) => {
    if (validate === 'warn') return notifyObserver(onEvent, { type: 'invalid', op, path, message: fault })
    const message = `The answer to ${op} does not fit its schema: ${path} ${fault}.`
    throw new CmdopError({ code: 'invalid_message', message, op, sent: 'yes' })
  }
}

function opening(
  transport: CoreTransport | StreamTransport<void>,
  config: ResolvedConfig,
  options: CmdopOptions,
): Pick<CoreBackendOptions, 'open' | 'credentials'> {
  if ('environment' in transport) {
    const { token, apiKey, baseUrl, baseUrlGiven } = config
    const remoteRelay = baseUrlGiven && !isLoopback(baseUrl)
    return {
      credentials: { relay: token !== undefined, platform: apiKey !== undefined, remoteRelay },
      async open(callOptions) {
        const link = await transport.launch(config, callOptions)
        return { link, generation: link.generation ?? 1 }
      },
    }
  }
  const named = (['token', 'apiKey', 'baseUrl', 'apiBaseUrl'] as const).filter((name) => options[name])
  if (named.length > 0) {
    // Sending them would show a secret to the peer of the link. Ignoring them would let the caller believe that they are used.
    throw new CmdopError({
      code: 'invalid_argument',
      transport: transport.name,
      message: `${named.join(', ')} cannot be used: this transport leads to a core that was started elsewhere, with its own.`,
      hint: 'Leave them out, or start the core here with cmdopCore().',
    })
  }
  const { generation = 1 } = options
  return { credentials: null, open: async (callOptions) => ({ link: await transport.open(undefined, callOptions), generation }) }
}
