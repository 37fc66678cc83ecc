/**
 * The admin socket of a running gateway: tickets, credentials and the audit log, for the user who runs it. A Unix socket in a folder that only
 * this user may enter; one JSON line is the request, one the answer.
 */
import { chmod, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import * as z from 'zod/mini'
import { SignalboxError } from '../../../src/errors.js'
import {
  SCOPES,
  type AuditEntry,
  type CredentialInfo,
  type Credentials,
  type GrantRequest,
  type TicketInfo,
} from '../../../src/gateway/index.js'
import { readAuditLog } from './audit.js'
import { prepareTokenFolder } from './token-file.js'
import { checkSocket } from './trust.js'

const MAX_REQUEST_CHARACTERS = 64 * 1024
const TIMEOUT_MS = 10_000

const request = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('credentials') }),
  z.strictObject({ op: z.literal('tickets') }),
  z.strictObject({
    op: z.literal('ticket'),
    scopes: z.optional(z.array(z.enum(SCOPES))),
    upstreams: z.optional(z.array(z.string())),
    name: z.optional(z.string()),
    device: z.optional(z.boolean()),
  }),
  z.strictObject({ op: z.literal('revoke'), id: z.string() }),
  z.strictObject({ op: z.literal('audit'), limit: z.optional(z.int()), credential: z.optional(z.string()) }),
])

/** A request to the admin socket. */
export type AdminRequest = z.output<typeof request>

/** The answers of the admin socket, by the op of the request. */
export interface AdminAnswers {
  /** The credentials that are valid. */
  readonly credentials: { readonly credentials: readonly CredentialInfo[] }
  /** The tickets that can still be redeemed. */
  readonly tickets: { readonly tickets: readonly TicketInfo[] }
  /** The address with the ticket. */
  readonly ticket: { readonly url: string }
  /** How many credentials and tickets were withdrawn. */
  readonly revoke: { readonly revoked: number }
  /** The newest entries of the audit log, oldest first. */
  readonly audit: { readonly entries: readonly AuditEntry[] }
}

/** Where the socket is, and what it gives access to. */
export interface AdminSocketOptions {
  /** The path of the socket. Its folder is made with mode 0700 if it is not there. */
  readonly path: string
  /** The credentials of the gateway: `served.gateway.credentials`. */
  readonly credentials: Credentials
  /** Makes a ticket and its address: `served.ticketUrl`. */
  ticketUrl(request: GrantRequest): Promise<string>
  /** The file of the audit log. Without it the op `audit` fails with `unsupported`. */
  readonly auditPath?: string | undefined
}

/** Listens for the owner. Throws when the folder or a socket of that name is somebody else's, or another gateway listens on it. */
export async function serveAdminSocket(options: AdminSocketOptions): Promise<AsyncDisposable> {
  const { path } = options
  await prepareTokenFolder(path)
  await removeStale(path)
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy())
    void answer(socket, options)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  await chmod(path, 0o600)
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answer(socket: Socket, options: AdminSocketOptions): Promise<void> {
  const reply = (value: object): void => void socket.end(`${JSON.stringify(value)}\n`)
  try {
    const parsed = request.safeParse(JSON.parse(await readLine(socket)))
    if (!parsed.success) return reply({ ok: false, message: 'The request is not one that this gateway knows.' })
    reply({ ok: true, ...(await carryOut(parsed.data, options)) })
  } catch (error) {
    reply({ ok: false, message: SignalboxError.is(error) ? error.message : 'The request could not be read.' })
  }
}

/** Reads by events: an iterator would destroy the socket at its end, before the answer is written. */
function readLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
      if (text.length > MAX_REQUEST_CHARACTERS) socket.destroy()
      if (text.includes('\n')) resolve(text)
    })
    socket.once('close', () => reject(new Error('the request was cut off')))
  })
}

async function carryOut(asked: AdminRequest, options: AdminSocketOptions): Promise<AdminAnswers[AdminRequest['op']]> {
  const { credentials, auditPath } = options
  switch (asked.op) {
    case 'credentials':
      return { credentials: credentials.list() }
    case 'tickets':
      return { tickets: credentials.tickets() }
    case 'ticket': {
      const { op: _op, ...wanted } = asked
      return { url: await options.ticketUrl(Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))) }
    }
    case 'revoke': {
      const named = credentials.list().filter(({ name, kind }) => name === asked.id && kind !== 'owner')
      const ids = new Set([asked.id, ...named.map(({ id }) => id)])
      return { revoked: [...ids].filter((id) => credentials.revoke(id)).length }
    }
    case 'audit': {
      if (auditPath === undefined) throw new SignalboxError({ code: 'unsupported', message: 'This gateway keeps no audit log.' })
      const { limit, credential } = asked
      const wanted = { ...(limit === undefined ? {} : { limit }), ...(credential === undefined ? {} : { credential }) }
      return { entries: await readAuditLog(auditPath, wanted) }
    }
  }
}

/** Removes the socket of a gateway that was killed. */
async function removeStale(path: string): Promise<void> {
  try {
    await checkSocket(path)
  } catch (error) {
    if (SignalboxError.is(error, 'unreachable')) return
    throw error
  }
  const inUse = await new Promise<boolean>((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => resolve(false))
  })
  if (inUse) throw new SignalboxError({ code: 'conflict', message: `Another gateway listens on ${path}.` })
  await rm(path, { force: true })
}

/**
 * Asks a running gateway.
 *
 * @example
 * import { askAdminSocket } from 'signalbox/node'
 *
 * const { url } = await askAdminSocket('/run/user/1000/signalbox/gateway-8700.sock', { op: 'ticket', name: 'phone', device: true })
 * console.log(url)
 */
export async function askAdminSocket<Op extends AdminRequest['op']>(
  path: string,
  asked: Extract<AdminRequest, { readonly op: Op }>,
): Promise<AdminAnswers[Op]> {
  await checkSocket(path)
  const socket = connect(path)
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')))
  socket.end(`${JSON.stringify(asked)}\n`)
  let said: { readonly ok?: boolean; readonly message?: string }
  try {
    said = JSON.parse(await text(socket)) as typeof said
  } catch (cause) {
    throw new SignalboxError({
      code: 'unreachable',
      message: `No gateway answers on ${path}.`,
      hint: 'Name the socket of the running one with --admin-socket.',
      cause,
    })
  }
  if (said.ok !== true) throw new SignalboxError({ code: 'remote', message: said.message ?? 'The gateway refused.' })
  return said as unknown as AdminAnswers[Op]
}
