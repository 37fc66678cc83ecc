/** The shared context: batches that are applied whole or not at all, in one of two vocabularies. */
import type { CcccCallOptions, CcccCore } from './small-client.js'
import type { CcccDaemonKnowledge } from './daemon.js'
import { badArgument, isApiError, unsupported } from './errors.js'
import type { MethodCall } from './methods.js'
import type { Loose } from './shapes.js'

export interface CcccContextSyncArgs {
  readonly groupId: string
  /** Items as the daemon takes them: `{ op: 'task.create', … }`. */
  readonly ops: readonly Loose[]
  /** Default `system`, which the daemon lets do everything, as in the published clients. */
  readonly by?: string
  readonly dryRun?: boolean
  /** Refuses the batch when the context has changed since. Not on dialect A, which would ignore it. */
  readonly ifVersion?: string
}

export interface CcccNoteArgs {
  readonly groupId: string
  readonly content: string
  readonly by?: string
  /** For the newer vocabulary; default `decision`. */
  readonly kind?: 'decision' | 'handoff'
}

export interface CcccNoteResult {
  /** The item that the daemon took. */
  readonly op: 'note.add' | 'coordination.note.add'
  readonly result: Loose
}

export interface CcccContextMethods {
  sync(args: CcccContextSyncArgs, options?: CcccCallOptions): Promise<Loose>
  addNote(args: CcccNoteArgs, options?: CcccCallOptions): Promise<CcccNoteResult>
}

/** The newer vocabulary cuts a longer note without a word. */
export const NOTE_CHARACTERS = 400

export function createContextMethods(core: CcccCore, call: MethodCall, daemon: CcccDaemonKnowledge): CcccContextMethods {
  const sync: CcccContextMethods['sync'] = async (args, options) => {
    const op = 'context_sync'
    if (args.ops.filter((item) => item.op === 'task.create').length > 1) {
      throw badArgument(op, 'Two tasks of one batch get the same id: the first would be lost.', 'Create one task per call.')
    }
    if (args.ifVersion !== undefined && (await daemon.dialect(options)) === 'A') {
      throw unsupported(op, 'This daemon ignores ifVersion without a word.', 'Leave it out.')
    }
    return call(op, { dryRun: false, ...args }, options)
  }

  const add = async (old: boolean, args: CcccNoteArgs, options: CcccCallOptions | undefined): Promise<CcccNoteResult> => {
    const { groupId, content, by = core.principal, kind = 'decision' } = args
    const op = old ? 'note.add' : 'coordination.note.add'
    if (!old && content.length > NOTE_CHARACTERS) {
      throw badArgument(
        op,
        `The note has ${content.length} characters; this daemon cuts it after ${NOTE_CHARACTERS} without a word.`,
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
        // A daemon that was replaced meanwhile. Batches are atomic, so the refused one left nothing behind.
        if (!isApiError(error, 'context_sync_error')) throw error
        const { dialect } = await daemon.get({ ...options, fresh: true })
        if ((dialect === 'A') === old) throw error
        return add(!old, args, options)
      }
    },
  }
}
