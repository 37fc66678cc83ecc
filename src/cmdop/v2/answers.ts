/** Answers of a core 2.0 under the names that 1.x has for the same things, with what only 2.0 says beside them. */
import {
  MachineMessageListSchema,
  MachineRosterSnapshotSchema,
  type ChatMessage,
  type MachineListItem,
  type MachineMessageList,
  type MachineRosterSnapshot,
} from '../gen/cmdop/core/v2/contract_pb.js'
import { toPlain, type Complaint, type Plain } from '../plain.js'

/** All machines that the relay knows at one moment, as a core 2.0 gives them. */
export type MachineRoster = Plain<MachineRosterSnapshot>
/** One machine of a roster. */
export type RosterMachine = Plain<MachineListItem>
/** One message of a machine's history, as a core 2.0 gives it. */
export type MachineMessage = Plain<ChatMessage>

/** The roster as a page of `machines.list()`: text that a core 2.0 does not give is '', as any absent text of 1.x. */
export function machineListOf(snapshot: MachineRosterSnapshot, complain: Complaint): unknown {
  const roster = toPlain(MachineRosterSnapshotSchema, snapshot, complain)
  return { items: roster.machines.map(machineOf), hasMore: false, ...roster }
}

function machineOf(machine: RosterMachine): unknown {
  const { machineId, displayName, fleetId, lastSeenAt, connected } = machine
  const { os = '', osVersion = '', architecture = '', agentVersion = '', presence = connected ? 'online' : 'offline' } = machine
  return {
    ...optional(machine),
    ...{ id: machineId, name: displayName, hostname: '', os, osVersion, architecture, agentVersion, presence, createdAt: '' },
    ...(lastSeenAt === '' ? {} : { lastHeartbeatAt: lastSeenAt }),
    fleets: fleetId === '' ? [] : [{ fleetId, slug: '', name: '' }],
    isJarvis: false,
  }
}

function optional({ publicKeyFingerprint, publicKeyStatus }: RosterMachine): object {
  return {
    ...(publicKeyFingerprint === undefined ? {} : { publicKeyFingerprint }),
    ...(publicKeyStatus === undefined ? {} : { publicKeyStatus }),
  }
}

/** Messages with `text` and `createdAt` as in 1.x, beside all members of 2.0. */
export function messagesOf(list: MachineMessageList, complain: Complaint): unknown {
  const { messages } = toPlain(MachineMessageListSchema, list, complain)
  return { messages: messages.map(messageOf) }
}

function messageOf({ createdAt, ...message }: MachineMessage): unknown {
  return { ...message, text: message.content, requestId: '', createdAt: timeOf(createdAt) }
}

/** No date of seconds reaches this number before the year 5138, so a larger one counts milliseconds. */
const LARGEST_SECONDS = 1e11

/** A 2.0 time is a whole number whose unit is not documented. */
function timeOf(value: number): string {
  const time = new Date(value > LARGEST_SECONDS ? value : value * 1_000)
  return Number.isNaN(time.getTime()) ? String(value) : time.toISOString()
}
