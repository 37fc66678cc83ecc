/** The client: one surface over a core on a link, or over REST. */
import { createCaller, type CallOptions, type ClientOptions } from '../core/call.js'
import { tell } from '../core/policy/policy.js'
import type { InvalidMessage } from '../core/validate.js'
import type { ExchangeTransport, Link, OpenOptions, StreamTransport } from '../transport.js'
import type { Backend, BackendOptions } from './backend.js'
import { resolveConfig, type CmdopConfig, type ResolvedConfig } from './config.js'
import { createCoreBackend } from './core-backend.js'
import { asCmdopError, CmdopError, refused } from './errors.js'
import { createFleets, type Fleets } from './namespaces/fleets.js'
import { createKeys, type Keys } from './namespaces/keys.js'
import { createMachines, type Machines } from './namespaces/machines.js'
import { createSchedules, type Schedules } from './namespaces/schedules.js'
import { createSkills, type Skills } from './namespaces/skills.js'
import { createTunnels, type Tunnels } from './namespaces/tunnels.js'
import type { Context } from './namespaces/context.js'
import { OPS, type Answer, type OpName, type Request } from './ops.js'
import type { Complaint } from './plain.js'
import { checkRequest } from './request-check.js'
import { schemaOf } from './schema.js'
import type { SessionLimits } from './session.js'

/** Starts cores: it wants the credentials at open, and may know some from its own environment. */
export interface CoreTransport {
  readonly kind: 'stream'
  readonly name: string
  /** What the environment gives where the client names nothing. */
  readonly environment: CmdopConfig
  // Not `open`: a generic link transport in the place of this one would be inferred to take a configuration.
  launch(config: ResolvedConfig, options?: OpenOptions): Promise<Link>
}

/** What `cmdopRest()` of `signalbox/cmdop/rest` gives: REST is plugged in, so that whoever has a core does not carry it. */
export interface RestTransport extends ExchangeTransport {
  backend(config: ResolvedConfig, options?: BackendOptions): Backend
}

export interface CmdopOptions extends Omit<ClientOptions, 'timeoutMs'>, CmdopConfig {
  /**
   * `cmdopCore()` starts a core here; any other link leads to a core that runs elsewhere with its own credentials; `cmdopRest()` speaks
   * REST to the relay and the platform (experimental).
   */
  readonly transport: CoreTransport | StreamTransport<void> | RestTransport
  readonly limits?: SessionLimits
  /** How long `close()` waits for calls in flight. Default 5 s. */
  readonly closeGraceMs?: number
  readonly onEvent?: (event: InvalidMessage) => void
}

export interface Cmdop extends AsyncDisposable {
  readonly machines: Machines
  readonly fleets: Fleets
  readonly tunnels: Tunnels
  readonly schedules: Schedules
  readonly keys: Keys
  readonly skills: Skills
  readonly fleetId: string | undefined
  readonly baseUrl: string
  /** What this connection can and cannot do. */
  readonly capabilities: {
    /** A core goes on with an ask that nobody reads: the protocol cannot cancel. REST drops the request; what the relay does is unknown. */
    readonly cancelsAsk: false
    readonly plane: 'core' | 'rest'
  }
  /** Any op by its name, with the fields of its request message. Defaults are not filled in. */
  call<Name extends OpName>(name: Name, request: Request<Name>, options?: CallOptions): Promise<Answer<Name>>
  /** Waits for calls in flight, at most `closeGraceMs`, and ends the core; over REST, what is still open then. Idempotent. */
  close(): Promise<void>
}

export function createCmdop(options: CmdopOptions): Cmdop {
  const { transport, interceptors, clock, validate = 'warn', onEvent } = options
  const config = resolveConfig(options, 'environment' in transport ? transport.environment : {})
  const { timeoutMs } = config
  const caller = createCaller({ system: 'cmdop', transport: transport.name, interceptors, clock, timeoutMs })

  const complain =
    (op: OpName): Complaint =>
    (path, message) => {
      if (validate === 'warn') return tell(onEvent, { type: 'invalid', op, path, message })
      throw new CmdopError({
        code: 'invalid_message',
        message: `The answer to ${op} does not fit its schema: ${path} ${message}.`,
        op,
        sent: 'yes',
      })
    }
  const ofBackend: BackendOptions = {
    clock,
    closeGraceMs: options.closeGraceMs,
    complain: validate === 'off' ? undefined : complain,
  }

  // In plain JavaScript nothing else says so.
  if (transport.kind === 'exchange' && !transport.backend) {
    const hint = 'Wrap it: cmdopRest({ relay, platform }) of signalbox/cmdop/rest.'
    throw new CmdopError({ code: 'invalid_argument', message: 'An exchange alone knows no routes.', hint })
  }
  const backend: Backend =
    transport.kind === 'exchange'
      ? transport.backend(config, ofBackend)
      : createCoreBackend({
          ...ofBackend,
          limits: options.limits,
          transport: transport.name,
          ...opening(transport, config, options),
        })

  const invoke: Context['invoke'] = async <Name extends OpName>(name: Name, request: Request<Name>, given?: CallOptions) => {
    const { idempotent, request: arm } = OPS[name]
    checkRequest(schemaOf(arm), request, name)
    try {
      const answer = await caller.run({ op: name, args: request, idempotent }, given, (call) => backend.unary(name, request, call))
      return answer as Answer<Name>
    } catch (error) {
      throw asCmdopError(error)
    }
  }
  const fleet: Context['fleet'] = (op, explicit) => {
    const fleetId = explicit.fleetId || config.fleetId
    if (fleetId) return { fleetId }
    throw refused(
      op,
      `${op} needs a fleet, and none is known.`,
      'Pass fleetId to the call or to createCmdop, or set CMDOP_FLEET_ID.',
    )
  }

  const context: Context = { invoke, fleet }
  const close = (): Promise<void> => backend.close()
  return {
    machines: createMachines(context, { backend, caller, clock, timeoutMs }),
    fleets: createFleets(context),
    tunnels: createTunnels(context),
    schedules: createSchedules(context),
    keys: createKeys(context),
    skills: createSkills(context),
    fleetId: config.fleetId,
    baseUrl: config.baseUrl,
    capabilities: { cancelsAsk: false, plane: transport.kind === 'exchange' ? 'rest' : 'core' },
    call: invoke,
    close,
    [Symbol.asyncDispose]: close,
  }
}

interface Opening {
  readonly open: (options: OpenOptions) => Promise<Link>
  readonly credentials: { readonly relay: boolean; readonly platform: boolean } | null
}

function opening(transport: CoreTransport | StreamTransport<void>, config: ResolvedConfig, options: CmdopOptions): Opening {
  if ('environment' in transport) {
    const credentials = { relay: config.token !== undefined, platform: config.apiKey !== undefined }
    return { open: (given) => transport.launch(config, given), credentials }
  }
  const named = (['token', 'apiKey', 'baseUrl', 'apiBaseUrl'] as const).filter((name) => options[name])
  if (named.length > 0) {
    // Sent along, a secret would reach whoever carries the link; left out in silence, the caller would believe that it is used.
    throw new CmdopError({
      code: 'invalid_argument',
      transport: transport.name,
      message: `${named.join(', ')} cannot be used: this transport leads to a core that was started elsewhere, with its own.`,
      hint: 'Leave them out, or start the core here with cmdopCore().',
    })
  }
  return { open: (given) => transport.open(undefined, given), credentials: null }
}
