/** The sources of a hub on this machine: those in the settings, or those that are found if the settings name none. */
import { acpSource } from '../../../../src/acp/index.js'
import { createCcc } from '../../../../src/ccc/index.js'
import { createCccc } from '../../../../src/cccc/index.js'
import { createClaude } from '../../../../src/claude/index.js'
import { createCmdop, fromEnv } from '../../../../src/cmdop/index.js'
import { cccSource, ccccSource, claudeSource, cmdopSource, type Source, type SourceFactory } from '../../../../src/hub/index.js'
import { acpProcess } from '../../acp/process.js'
import { cccSocket } from '../../ccc/index.js'
import { ccccDaemon } from '../../cccc/daemon.js'
import { claudeProcess } from '../../claude/process.js'
import { cmdopCore } from '../../cmdop/core-process.js'
import { inspect, type System } from '../machine/inspect.js'
import type { Settings } from '../settings/schema.js'

type Environment = Readonly<Record<string, string | undefined>>
type Named = Exclude<System, 'catsyphon'>

/** A source and the resources that end with it. */
export interface OpenedSources {
  readonly sources: readonly Source[]
  /** Make the same sources anew, for a hub that shares its store. */
  readonly factories?: readonly SourceFactory[]
  /** Closes the clients. The sources belong to the hub. */
  close(): Promise<void>
}

/** Opens the sources for these settings. `only` limits them to the source of one agent, `machine` begins their names. */
export async function openSources(settings: Settings, env: Environment, only?: string, machine?: string): Promise<OpenedSources> {
  const given = settings.sources ?? {}
  const closers: (() => Promise<unknown>)[] = []
  const factories: SourceFactory[] = []
  const nameOf = (name: string): string => (machine === undefined ? name : `${machine}.${name}`)
  const wanted = (name: string): boolean => only === undefined || only === name

  for (const name of ['ccc', 'cccc', 'claude', 'cmdop'] as const) {
    const setting = given[name]
    if (!wanted(name) || setting === false) continue
    // A system that the settings name is opened even where it does not answer yet: its source keeps trying.
    if (setting === undefined && only === undefined && (await inspect(name, env)).status !== 'works') continue
    const { open, close } = make(name, setting ?? {}, env)
    factories.push(() => open(nameOf(name)))
    closers.push(close)
  }
  for (const { name, command, args, cwd } of given.acp ?? []) {
    if (!wanted(name)) continue
    const transport = acpProcess({ command, ...(args ? { args } : {}) })
    factories.push(() => acpSource({ name: nameOf(name), cwd, transport }))
  }
  return {
    sources: factories.map((open) => open()),
    factories,
    async close() {
      await Promise.allSettled(closers.map((close) => close()))
    },
  }
}

interface Place {
  readonly socket?: string | undefined
  readonly home?: string | undefined
  readonly path?: string | undefined
  readonly cwd?: string | undefined
  readonly model?: string | undefined
  readonly binaryPath?: string | undefined
}

function make(
  name: Named,
  { socket, home, path, cwd, model, binaryPath }: Place,
  env: Environment,
): { open(name: string): Source; close(): Promise<unknown> } {
  switch (name) {
    case 'ccc': {
      const client = createCcc({ transport: cccSocket(socket === undefined ? {} : { path: socket }) })
      return { open: (as) => cccSource({ client, name: as }), close: () => client.close() }
    }
    case 'cccc': {
      const client = createCccc({ transport: ccccDaemon(home === undefined ? {} : { home }) })
      return { open: (as) => ccccSource({ client, name: as }), close: () => client.close() }
    }
    case 'claude': {
      const client = createClaude({
        transport: claudeProcess({ ...(path === undefined ? {} : { path }), ...(cwd === undefined ? {} : { cwd }) }),
      })
      const options = model === undefined ? {} : { model }
      return { open: (as) => claudeSource({ client, name: as, agents: [{ name: 'main', options }] }), close: () => client.close() }
    }
    case 'cmdop': {
      const transport = cmdopCore({ env, ...(binaryPath === undefined ? {} : { binaryPath }) })
      const client = createCmdop({ transport, ...fromEnv(env) })
      return { open: (as) => cmdopSource({ client, name: as }), close: () => client.close() }
    }
  }
}
