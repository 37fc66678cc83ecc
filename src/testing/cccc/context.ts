/** The shared context in both vocabularies. A batch is applied whole or refused whole. */
import { sha256Hex } from '../../core/sha256.js'
import { isRecord } from '../../core/is-record.js'
import type { Loose } from '../../cccc/shapes.js'
import { findActor, roleOf } from './actors.js'
import type { Handler } from './groups.js'
import { SimRefusal, text, type SimContext, type SimGroup, type World } from './world.js'

interface Change {
  readonly detail: string
  readonly task_id?: string
}
type Item = (context: SimContext, fields: Loose, world: World) => Change

const fail = (message: string): never => {
  throw new SimRefusal('context_sync_error', message)
}
const number = (count: number): string => String(count).padStart(3, '0')

function taskOf(context: SimContext, fields: Loose): Loose {
  const id = text(fields, 'task_id')
  return context.tasks.find((task) => task.id === id) ?? fail(`Task not found: ${id}`)
}

const OLD_ITEMS: Readonly<Record<string, Item>> = {
  'note.add'(context, fields) {
    const id = `N${number(context.notes.length + 1)}`
    context.notes.push({ id, content: text(fields, 'content') })
    return { detail: `Added ${id}` }
  },
  'vision.update'(context, fields) {
    context.vision = text(fields, 'vision')
    return { detail: 'Updated vision' }
  },
  'task.create'(context, fields) {
    const id = newTask(context, { name: text(fields, 'name'), goal: text(fields, 'goal'), status: 'planned' })
    return { detail: `Created ${id}` }
  },
}

/** Both tasks of one batch get the id that was free when the batch began; the second overwrites the first. */
function newTask(context: SimContext & { batchId?: string }, fields: Loose): string {
  const id = context.batchId ?? `T${number(context.tasks.length + 1)}`
  context.batchId = id
  context.tasks = [...context.tasks.filter((task) => task.id !== id), { id, ...fields }]
  return id
}

const NEW_ITEMS: Readonly<Record<string, Item>> = {
  'coordination.note.add'(context, fields, world) {
    const kind = text(fields, 'kind')
    if (kind !== 'decision' && kind !== 'handoff') fail(`Invalid coordination note kind: ${kind}`)
    const note = { at: world.now(), by: 'system', summary: text(fields, 'summary').slice(0, 400), task_id: null }
    ;(kind === 'decision' ? context.decisions : context.handoffs).push(note)
    return { detail: `Added ${kind} note` }
  },
  'coordination.brief.update'(context, fields) {
    const { op: _, ...rest } = fields
    Object.assign(context.brief, rest)
    return { detail: 'Updated coordination brief' }
  },
  'task.create'(context, fields) {
    const title = text(fields, 'title') || text(fields, 'name')
    const task = {
      title,
      outcome: text(fields, 'outcome'),
      status: text(fields, 'status') || 'planned',
      assignee: fields.assignee ?? null,
    }
    const id = newTask(context, task)
    return { detail: `Created task ${id}: ${title}`, task_id: id }
  },
  'task.update'(context, fields) {
    const task = taskOf(context, fields)
    const { op: _, task_id: __, ...rest } = fields
    Object.assign(task, rest)
    return { detail: `Updated task ${String(task.id)}`, task_id: String(task.id) }
  },
  'task.move'(context, fields) {
    const task = taskOf(context, fields)
    task.status = text(fields, 'status')
    return { detail: `Moved task ${String(task.id)} to ${String(task.status)}`, task_id: String(task.id) }
  },
  'agent_state.update': (_, fields) => ({ detail: `Updated agent state ${text(fields, 'actor_id')}` }),
  'meta.merge': (_, fields) => ({
    detail: `Merged meta keys: ${Object.keys(isRecord(fields.data) ? fields.data : {}).join(', ')}`,
  }),
}

const PEERS_MAY = ['coordination.note.add', 'task.create', 'task.update', 'task.move', 'agent_state.update']

function checkPermission(world: World, group: SimGroup, by: string, op: string, fields: Loose): void {
  // 0.4.3 refuses `user` a change that its own specification allows.
  if (world.dialect === 'B' && by === 'user' && op.startsWith('agent_state.')) {
    fail(`Permission denied: ${op} for ${text(fields, 'actor_id')} (caller is user)`)
  }
  if (world.dialect === 'A' || by === 'system' || by === 'user' || PEERS_MAY.includes(op)) return
  if (findActor(group, by) && roleOf(group, by) === 'foreman') return
  fail(
    op === 'coordination.brief.update'
      ? 'Permission denied: coordination brief updates require foreman or user'
      : `Permission denied: ${op}`,
  )
}

function versionOf(world: World, context: SimContext): string {
  if (world.dialect === 'C') return `ctxv:${context.version}`
  const seed =
    context.version === 0 ? '' : JSON.stringify([context.notes, context.decisions, context.tasks, context.brief, context.version])
  return sha256Hex(seed).slice(0, 12)
}

export function syncContext(world: World, args: Loose): Loose {
  const group = world.group(args)
  const items: unknown = args.ops
  if (!Array.isArray(items)) throw new SimRefusal('invalid_ops', 'ops must be a list')
  const current = versionOf(world, group.context)
  const wanted = text(args, 'if_version')
  // Dialect A ignores the guard.
  if (wanted !== '' && world.dialect !== 'A' && wanted !== current) {
    const details = { expected: wanted, current }
    throw new SimRefusal('version_conflict', `version conflict: expected ${wanted}, current ${current}`, details)
  }
  const by = text(args, 'by') || 'system'
  const dryRun = args.dry_run === true
  const { batchId: _, ...before } = group.context as SimContext & { batchId?: string }
  const draft = structuredClone(before)
  const vocabulary = world.dialect === 'A' ? OLD_ITEMS : NEW_ITEMS
  const changes = items.map((item: unknown, index: number) => {
    const fields = isRecord(item) ? item : {}
    const op = text(fields, 'op')
    const apply = vocabulary[op]
    if (!apply) throw new SimRefusal('context_sync_error', `Unknown operation: ${op}`)
    checkPermission(world, group, by, op, fields)
    const { detail, task_id } = apply(draft, fields, world)
    return { index, op, detail, ...(task_id !== undefined && world.dialect === 'C' ? { task_id } : {}) }
  })
  if (!dryRun && changes.length > 0) {
    delete (draft as { batchId?: string }).batchId
    draft.version += 1
    group.context = draft
    world.append(group, { kind: 'context.sync', by, data: { version: versionOf(world, draft) } })
  }
  const space = world.dialect === 'B' && changes.length > 0 && !dryRun ? { space_sync: { queued: false, reason: 'not_bound' } } : {}
  return { success: true, dry_run: dryRun, changes, version: versionOf(world, group.context), ...space }
}

function summary({ tasks }: SimContext): Loose {
  const counted = (status: string): number => tasks.filter((task) => task.status === status).length
  return { total: tasks.length, done: counted('done'), active: counted('active'), planned: counted('planned') }
}

function document(world: World, { context }: SimGroup): Loose {
  const version = versionOf(world, context)
  const { notes, decisions, handoffs, tasks, brief, vision } = context
  if (world.dialect === 'A') {
    const lists = { milestones: [], notes, references: [] }
    const end = { tasks_summary: summary(context), active_task: null, presence: { agents: [] } }
    return { version, vision, sketch: null, ...lists, ...end }
  }
  const coordination = { brief, tasks, recent_decisions: decisions, recent_handoffs: handoffs }
  const attention = { blocked: [], waiting_user: [], pending_handoffs: [] }
  return { version, coordination, agent_states: [], attention, tasks_summary: summary(context), meta: {} }
}

export const CONTEXT_OPS: Readonly<Record<string, Handler>> = {
  context_get: (args, world) => document(world, world.group(args)),
  context_sync: (args, world) => syncContext(world, args),
  presence_get: (args, world) => ({ agents: world.group(args).actors.map(({ id }) => ({ id, status: '' })) }),
  task_list(args, world) {
    const { context } = world.group(args)
    const id = text(args, 'task_id')
    // Lists of ids and statuses are read from one string; a JSON array is ignored.
    const ids = text(args, 'task_ids')
    if (ids !== '') return { tasks: ids.split(',').flatMap((each) => context.tasks.filter((task) => task.id === each.trim())) }
    if (id === '') return { tasks: context.tasks }
    const task = context.tasks.find((each) => each.id === id)
    if (!task) throw new SimRefusal('task_not_found', `Task not found: ${id}`)
    return { task }
  },
}
