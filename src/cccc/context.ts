/** The shared context of a group: batches of changes that the daemon applies whole or not at all, in one of two vocabularies. */
import type { CcccDaemonKnowledge } from './daemon.js'
import { badArgument, isApiError, unsupported } from './errors.js'
import type { MethodCall } from './methods.js'
import type { Loose } from './shapes.js'
import type { CcccCallOptions, CcccCore } from './small-client.js'

/** A batch of changes. */
export interface CcccContextSyncArgs {
  /** The group. */
  readonly groupId: string
  /** The changes, as the daemon takes them: `{ op: 'task.create', title: 'x' }`. At most one `task.create`. */
  readonly ops: readonly Loose[]
  /** Who changes; default `system`, which the daemon allows everything, as in the published clients. */
  readonly by?: string
  /** Checks the batch and changes nothing; default `false`. */
  readonly dryRun?: boolean
  /** Refuses the batch when the context has another version by now. `unsupported` on dialect A, which would ignore it. */
  readonly ifVersion?: string
}

/** A note. */
export interface CcccNoteArgs {
  /** The group. */
  readonly groupId: string
  /** The text; at most 400 characters on dialects B and C. */
  readonly content: string
  /** Who writes it; default: the client's principal. */
  readonly by?: string
  /** Dialects B and C; default `decision`. */
  readonly kind?: 'decision' | 'handoff'
}

/** How a note was stored. */
export interface CcccNoteResult {
  /** The change that the daemon accepted. */
  readonly op: 'note.add' | 'coordination.note.add'
  /** The answer to the batch. */
  readonly result: Loose
}

/** `client.context`, where it replaces plain ops. */
export interface CcccContextMethods {
  /**
   * Applies a batch of changes. Two `task.create` in one batch are refused before anything is sent: the daemon would lose the first.
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * const { version } = await client.context.get({ groupId: 'g_0123456789ab' })
   * const ops = [{ op: 'task.create', title: 'write the page' }]
   * await client.context.sync({ groupId: 'g_0123456789ab', ops, ifVersion: String(version) })
   */
  sync(args: CcccContextSyncArgs, options?: CcccCallOptions): Promise<Loose>
  /**
   * Adds a note in the daemon's vocabulary. A text that the daemon would cut is refused before it is sent.
   * @example
   * import { createCccc } from 'signalbox/cccc'
   * import { ccccDaemon } from 'signalbox/node'
   *
   * await using client = createCccc({ transport: ccccDaemon() })
   * const { op } = await client.context.addNote({ groupId: 'g_0123456789ab', content: 'we ship on Friday' })
   * console.log(op)
   */
  addNote(args: CcccNoteArgs, options?: CcccCallOptions): Promise<CcccNoteResult>
}

/** Dialects B and C cut a longer note and do not say so. */
const NOTE_CHARACTERS = 400

export function createContextMethods(core: CcccCore, call: MethodCall, daemon: CcccDaemonKnowledge): CcccContextMethods {
  const sync: CcccContextMethods['sync'] = async (args, options) => {
    const op = 'context_sync'
    if (args.ops.filter((item) => item.op === 'task.create').length > 1) {
      throw badArgument(op, 'Two tasks of one batch get the same id: the first would be lost.', 'Create one task per call.')
    }
    if (args.ifVersion !== undefined && (await daemon.verified(options)) === 'A') {
      throw unsupported(op, 'This daemon ignores ifVersion.', 'Leave it out.')
    }
    return call(op, { dryRun: false, ...args }, options)
  }

  const add = async (old: boolean, args: CcccNoteArgs, options: CcccCallOptions | undefined): Promise<CcccNoteResult> => {
    const { groupId, content, by = core.principal, kind = 'decision' } = args
    const op = old ? 'note.add' : 'coordination.note.add'
    if (!old && content.length > NOTE_CHARACTERS) {
      throw badArgument(
        op,
        `The note has ${content.length} characters; this daemon would cut it after ${NOTE_CHARACTERS}.`,
        'Shorten it, or send a message.',
      )
    }
    const note = old ? { op, content } : { op, kind, summary: content }
    return { op, result: await sync({ groupId, by, ops: [note] }, options) }
  }

  return {
    sync,
    async addNote(args, options) {
      const old = (await daemon.dialect(options)) === 'A'
      try {
        return await add(old, args, options)
      } catch (error) {
        // Another daemon may answer by now. The refused batch had no effect.
        if (!isApiError(error, 'context_sync_error')) throw error
        const { dialect } = await daemon.get({ ...options, fresh: true })
        if ((dialect === 'A') === old) throw error
        return add(!old, args, options)
      }
    },
  }
}
