/** One method for each common change of the shared context. Each sends a batch with one change, in the vocabulary of dialects B and C. */
import type { CcccContextMethods } from './context.js'
import type { CcccDaemonKnowledge } from './daemon.js'
import { unsupported } from './errors.js'
import { wireArgs } from './names.js'
import type { Loose } from './shapes.js'
import type { CcccCallOptions } from './small-client.js'

/** Options of every change. */
export interface CcccChangeArgs {
  /** The group. */
  readonly groupId: string
  /** Who changes; default `system`. */
  readonly by?: string
  /** Checks the change and does not make it. */
  readonly dryRun?: boolean
  /** Refuses the change when the context has another version by now. */
  readonly ifVersion?: string
}

/** The fields of a task. */
export interface CcccTaskFields {
  /** The title, in one line. */
  readonly title?: string
  /** The intended result of the task. */
  readonly outcome?: string
  /** The status of the task. */
  readonly status?: 'planned' | 'active' | 'done' | 'archived' | (string & {})
  /** The actor that works on the task. */
  readonly assignee?: string
  /** The priority, in the daemon's own terms. */
  readonly priority?: string
  /** Ids of tasks that must be done first. */
  readonly blockedBy?: readonly string[]
  /** The person, actor or event that the task waits for. */
  readonly waitingOn?: string
  /** The actor that takes the task over. */
  readonly handoffTo?: string
  /** Free text. */
  readonly notes?: string
  /** The steps of the task, in the daemon's own form. */
  readonly checklist?: readonly Loose[]
}

/** The fields of an actor's state. */
export interface CcccAgentStateFields {
  /** The task that the actor works on. */
  readonly activeTaskId?: string
  /** What the actor works on now, in one line. */
  readonly focus?: string
  /** What the actor will do next. */
  readonly nextAction?: string
  /** What has changed since the last update. */
  readonly whatChanged?: string
  /** The obstacles that stop the actor. Replaces the list before. */
  readonly blockers?: readonly string[]
  /** Work that is begun and not finished. Replaces the list before. */
  readonly openLoops?: readonly string[]
  /** Promises of the actor to others. Replaces the list before. */
  readonly commitments?: readonly string[]
  /** What the actor knows of its environment. */
  readonly environmentSummary?: string
  /** What the actor knows of its user. */
  readonly userModel?: string
  /** Notes of the actor on its own role. */
  readonly personaNotes?: string
}

type Change<Fields> = (args: CcccChangeArgs & Fields, options?: CcccCallOptions) => Promise<Loose>

/** The changes, as `client.context.taskCreate` and as `client.ops.taskCreate`. On dialect A each is `unsupported`. */
export interface CcccContextChanges {
  /**
   * Creates a task. Newer daemons return its id in `changes[0].task_id`.
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * await client.context.taskCreate({ groupId: 'g_0123456789ab', title: 'write the page', assignee: 'peer1' })
   */
  readonly taskCreate: Change<CcccTaskFields & { readonly title: string; readonly parentId?: string; readonly taskType?: string }>
  /**
   * Changes the given fields of a task and keeps the others.
   *
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * await client.context.taskUpdate({ groupId: 'g_0123456789ab', taskId: 'T001', assignee: 'peer2', priority: 'high' })
   */
  readonly taskUpdate: Change<CcccTaskFields & { readonly taskId: string }>
  /**
   * Moves a task to another status.
   *
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * await client.context.taskMove({ groupId: 'g_0123456789ab', taskId: 'T001', status: 'done' })
   */
  readonly taskMove: Change<{ readonly taskId: string; readonly status: string }>
  /**
   * Restores an archived task.
   *
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * await client.context.taskRestore({ groupId: 'g_0123456789ab', taskId: 'T001' })
   */
  readonly taskRestore: Change<{ readonly taskId: string }>
  /**
   * Deletes a task.
   *
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * await client.context.taskDelete({ groupId: 'g_0123456789ab', taskId: 'T001' })
   */
  readonly taskDelete: Change<{ readonly taskId: string }>
  /**
   * Changes the given fields of what an actor says about its own work.
   *
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * await client.context.agentStateUpdate({ groupId: 'g_0123456789ab', actorId: 'peer1', focus: 'the parser', blockers: [] })
   */
  readonly agentStateUpdate: Change<CcccAgentStateFields & { readonly actorId: string }>
  /**
   * Clears what an actor says about its own work.
   *
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * await client.context.agentStateClear({ groupId: 'g_0123456789ab', actorId: 'peer1' })
   */
  readonly agentStateClear: Change<{ readonly actorId: string }>
  /**
   * Changes the given fields of the brief of the group.
   *
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * await client.context.coordinationBriefUpdate({ groupId: 'g_0123456789ab', objective: 'ship the page', constraints: ['no new dependency'] })
   */
  readonly coordinationBriefUpdate: Change<{
    readonly objective?: string
    readonly currentFocus?: string
    readonly constraints?: readonly string[]
    readonly projectBrief?: string
    readonly projectBriefStale?: boolean
  }>
  /**
   * Adds a note. `addNote` does the same on every dialect.
   *
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * await client.context.coordinationNoteAdd({ groupId: 'g_0123456789ab', kind: 'decision', summary: 'one table for both' })
   */
  readonly coordinationNoteAdd: Change<{ readonly kind: string; readonly summary: string; readonly taskId?: string }>
  /**
   * Merges keys into the free data of the context; they are sent as they are.
   *
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * await client.context.metaMerge({ groupId: 'g_0123456789ab', data: { milestone: 'beta' } })
   */
  readonly metaMerge: Change<{ readonly data: Loose }>
}

const OPS: Readonly<Record<keyof CcccContextChanges, string>> = {
  taskCreate: 'task.create',
  taskUpdate: 'task.update',
  taskMove: 'task.move',
  taskRestore: 'task.restore',
  taskDelete: 'task.delete',
  agentStateUpdate: 'agent_state.update',
  agentStateClear: 'agent_state.clear',
  coordinationBriefUpdate: 'coordination.brief.update',
  coordinationNoteAdd: 'coordination.note.add',
  metaMerge: 'meta.merge',
}

export function createContextChanges(sync: CcccContextMethods['sync'], daemon: CcccDaemonKnowledge): CcccContextChanges {
  const change =
    (op: string): Change<object> =>
    ({ groupId, by, dryRun, ifVersion, ...fields }, options) =>
      daemon.speak(options, async (dialect) => {
        if (dialect === 'A')
          throw unsupported(op, `This daemon's context has no ${op}.`, 'Use context.sync with the items of version 1.')
        const batch = { groupId, ops: [{ op, ...wireArgs(fields) }] }
        const rest = {
          ...(by !== undefined && { by }),
          ...(dryRun !== undefined && { dryRun }),
          ...(ifVersion !== undefined && { ifVersion }),
        }
        return sync({ ...batch, ...rest }, options)
      })
  return Object.fromEntries(Object.entries(OPS).map(([name, op]) => [name, change(op)])) as unknown as CcccContextChanges
}
