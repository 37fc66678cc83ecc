/** A simulated core. It reads envelopes from a link and sends requests to a simulated relay. */
import { encodeFrame, frameDecoder, MAX_FRAME_BYTES } from '../../core/codec/frames.js'
import { abortError } from '../../core/deadline.js'
import { MAX_REQUEST_BYTES_V2 } from '../../cmdop/v2/envelope.js'
import type { Listener, Link, StreamTransport } from '../../transport.js'
import { memoryPair } from '../memory-link.js'
import { createCoreV1, encodeV1, type CoreSurroundings, type SimulatedCore, type TakenFrame } from './core-v1.js'
import type { EnvelopeInit } from './envelope-init.js'
import { createCoreV2, encodeV2, type EnvelopeV2Init } from './core-v2.js'
import { createCmdopRelaySimulator, type CmdopRelaySimulator, type CmdopRelaySimulatorOptions } from './relay.js'

export type { EnvelopeInit }

/** The versions of cores that were recorded. 2.0.0 speaks `cmdop.core.v2`. */
export type CmdopCoreVersion = '1.0.2' | '1.1.0' | '1.1.1' | '2.0.0'

/** Options of `createCmdopCoreSimulator`. */
export interface CmdopCoreSimulatorOptions {
  /** 1.0.2 does not pass the first PIN on. 2.0.0 speaks another protocol. Default 1.1.0. */
  readonly version?: CmdopCoreVersion
  /** A relay, or the options of a new one. Default: a new relay. */
  readonly relay?: CmdopRelaySimulator | CmdopRelaySimulatorOptions
  /** The token that the core sends to the relay. Default: the token of the relay's options, so that the relay accepts it. */
  readonly token?: string
  /** The key that the core sends to the platform. Default: the key of the relay's options. */
  readonly apiKey?: string
  /** True: every byte is written by itself. Default false. */
  readonly splitWrites?: boolean
}

/** One envelope that a simulated core received. */
export interface ReceivedEnvelope extends TakenFrame {
  /** The link that it came on: its number among the served links, from 1. */
  readonly link: number
  /** The whole frame, with its length. */
  readonly bytes: Uint8Array
}

/** A simulated core, with the calls that make it misbehave. */
export interface CmdopCoreSimulator extends AsyncDisposable {
  /** Opens a link to a new core in memory. */
  readonly transport: StreamTransport<void>
  /** The relay behind the core. */
  readonly relay: CmdopRelaySimulator
  /** Every envelope that the cores received, in order. */
  readonly ledger: readonly ReceivedEnvelope[]
  /** How many cores were started. Each link starts one. */
  readonly starts: number
  /** How many cores run now. */
  readonly live: number
  /**
   * Runs a core on a link. Gives the exit code of the core: 1 if it could not read its input, else 0.
   *
   * @example
   * import { createCmdopCoreSimulator, memoryPair } from 'signalbox/testing'
   *
   * const core = createCmdopCoreSimulator()
   * const [near, far] = memoryPair()
   * void core.serve(far).then((exitCode) => console.log(exitCode))
   * await near.end()
   */
  serve(link: Link): Promise<0 | 1>
  /**
   * Runs a core on every link that the listener accepts, until the listener is disposed.
   *
   * @example
   * import { listenTcp } from 'signalbox/node'
   * import { createCmdopCoreSimulator } from 'signalbox/testing'
   *
   * await using core = createCmdopCoreSimulator()
   * await using listener = await listenTcp()
   * void core.listen(listener)
   */
  listen(listener: Listener): Promise<void>
  /**
   * Makes every running core write this envelope of `cmdop.core.v1`.
   *
   * @example
   * import { createCmdopCoreSimulator } from 'signalbox/testing'
   *
   * await using core = createCmdopCoreSimulator()
   * await core.say({ id: 99, kind: 2 }) // a response that no call waits for
   */
  say(envelope: EnvelopeInit): Promise<void>
  /**
   * Makes every running core write this envelope of `cmdop.core.v2`.
   *
   * @example
   * import { createCmdopCoreSimulator } from 'signalbox/testing'
   *
   * await using core = createCmdopCoreSimulator({ version: '2.0.0' })
   * await core.sayV2({ id: 99n, kind: 2 }) // a response that no call waits for
   */
  sayV2(envelope: EnvelopeV2Init): Promise<void>
  /**
   * Makes every running core write these bytes. They need not be an envelope.
   *
   * @example
   * import { createCmdopCoreSimulator } from 'signalbox/testing'
   *
   * await using core = createCmdopCoreSimulator()
   * await core.noise(new TextEncoder().encode('panic: out of memory\n'))
   */
  noise(bytes: Uint8Array): Promise<void>
  /**
   * Ends every running core at once, without an answer.
   *
   * @example
   * import { createCmdopCoreSimulator } from 'signalbox/testing'
   *
   * await using core = createCmdopCoreSimulator()
   * await core.crash()
   */
  crash(): Promise<void>
  /**
   * Makes a core end as soon as it has written this many more frames.
   *
   * @example
   * import { createCmdopCoreSimulator } from 'signalbox/testing'
   *
   * await using core = createCmdopCoreSimulator()
   * core.crashAfter(2)
   */
  crashAfter(frames: number): void
  /**
   * Holds back the answers to this many calls, then sends them in reverse order.
   *
   * @example
   * import { createCmdopCoreSimulator } from 'signalbox/testing'
   *
   * await using core = createCmdopCoreSimulator()
   * core.holdAnswers(3)
   */
  holdAnswers(count: number): void
  /**
   * Ends every core.
   *
   * @example
   * import { createCmdopCoreSimulator } from 'signalbox/testing'
   *
   * const core = createCmdopCoreSimulator()
   * await core.stop()
   */
  stop(): Promise<void>
}

/**
 * Creates a CMDOP core in memory. It handles envelopes as the recorded cores did, and a simulated relay answers its requests.
 *
 * @example
 * import { createCmdop } from 'signalbox/cmdop'
 * import { createCmdopCoreSimulator, simulatedId } from 'signalbox/testing'
 *
 * const core = createCmdopCoreSimulator({ version: '1.0.2', relay: { machines: 100 } })
 * const cmdop = createCmdop({ transport: core.transport })
 * console.log(await cmdop.machines.ask(simulatedId(1, 1), '[[say hi]]').collect())
 */
export function createCmdopCoreSimulator(options: CmdopCoreSimulatorOptions = {}): CmdopCoreSimulator {
  const { version = '1.1.0', splitWrites = false } = options
  const isV2 = version === '2.0.0'
  const given = options.relay ?? {}
  const relay = 'handle' in given ? given : createCmdopRelaySimulator({ ...given, ...(isV2 ? { generation: 2 } : {}) })
  const own = 'handle' in given ? {} : given
  const { token = own.token ?? 't-simulated', apiKey = own.apiKey ?? 'k-simulated' } = options
  const ledger: ReceivedEnvelope[] = []
  const live = new Map<number, Link>()
  const turns = createTurns()
  let starts = 0
  let framesLeft = Number.POSITIVE_INFINITY

  const put = async (link: Link, bytes: Uint8Array): Promise<void> => {
    if (!splitWrites) return link.write(bytes)
    // The writes start together, so that no other frame comes between them. The link keeps their order.
    await Promise.all(Array.from(bytes, (byte) => link.write(Uint8Array.of(byte))))
  }
  const write = async (link: Link, frame: Uint8Array): Promise<void> => {
    // Counted before the write, so that no later frame is written.
    if (framesLeft <= 0) return
    framesLeft -= 1
    const last = framesLeft === 0
    await put(link, frame).catch(() => {})
    if (last) await die(link)
  }
  const die = async (link: Link): Promise<void> => {
    framesLeft = Number.POSITIVE_INFINITY
    await link.close({ graceMs: 0 })
  }
  const coreOn = (link: Link): SimulatedCore => {
    const surroundings: CoreSurroundings = { token, apiKey, relay, inTurn: turns.run, write: (frame) => write(link, frame) }
    return isV2 ? createCoreV2(surroundings) : createCoreV1({ ...surroundings, knowsPins: version !== '1.0.2' })
  }

  const serve = async (link: Link): Promise<0 | 1> => {
    starts += 1
    const number = starts
    live.set(number, link)
    const core = coreOn(link)
    const decoder = frameDecoder({ maxFrameBytes: isV2 ? MAX_REQUEST_BYTES_V2 : MAX_FRAME_BYTES })
    try {
      for (;;) {
        const chunk = await link.read()
        for (const body of chunk === null ? decoder.end() : decoder.push(chunk)) {
          const taken = core.take(body)
          if (!taken) return 1
          if (taken !== 'ignored') ledger.push({ link: number, ...taken, bytes: encodeFrame(body) })
        }
        if (decoder.fault) return 1
        if (chunk === null) break
      }
      // At the end of its input the core first finishes its asks.
      const cut = link.closed.then(() => live.delete(number))
      while (core.idle && live.has(number)) await Promise.race([core.idle, cut])
    } catch {
      // The link broke, and the core ends with it.
    } finally {
      core.drop()
      live.delete(number)
      await link.close({ graceMs: 0 })
    }
    return 0
  }

  const everywhere = async (run: (link: Link) => Promise<unknown>): Promise<void> => {
    await Promise.all([...live.values()].map(run))
  }

  return {
    transport: {
      kind: 'stream',
      name: 'cmdop-core-simulator',
      async open(_launch, { signal } = {}) {
        if (signal?.aborted) throw abortError(signal, { transport: 'cmdop-core-simulator', op: 'open', sent: 'no' })
        const [near, far] = memoryPair({ name: `cmdop-core-${starts + 1}` })
        void serve(far)
        return near
      },
    },
    relay,
    ledger,
    get starts() {
      return starts
    },
    get live() {
      return live.size
    },
    serve,
    async listen(listener) {
      for await (const link of listener.accept()) void serve(link)
    },
    say: (envelope) => everywhere((link) => write(link, encodeV1(envelope))),
    sayV2: (envelope) => everywhere((link) => write(link, encodeV2(envelope))),
    noise: (bytes) => everywhere((link) => put(link, bytes)),
    crash: () => everywhere(die),
    crashAfter(frames) {
      framesLeft = frames
    },
    holdAnswers: turns.hold,
    stop: () => everywhere((link) => link.close({ graceMs: 0 })),
    [Symbol.asyncDispose]: () => everywhere((link) => link.close({ graceMs: 0 })),
  }
}

interface Turns {
  run(work: () => Promise<void>): Promise<void>
  /** The next `count` calls wait for each other and then run in reverse order. */
  hold(count: number): void
}

function createTurns(): Turns {
  let holdDepth = 0
  let held: (() => Promise<void>)[] = []
  return {
    async run(work) {
      if (holdDepth === 0) return work()
      held.push(work)
      if (held.length < holdDepth) return
      const all = held.reverse()
      held = []
      holdDepth = 0
      for (const deliver of all) await deliver()
    },
    hold(count) {
      holdDepth = count
    },
  }
}
