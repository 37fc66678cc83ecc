/** Which failures of a store pass by themselves. */
import { SignalboxError, type ErrorCode } from '../../errors.js'
import { STORE_FULL } from '../../store/rules.js'
import { hubError } from '../context.js'

const PASSING: readonly ErrorCode[] = ['unavailable', 'unreachable', 'deadline_exceeded']

/** A full store of any driver: the last four are JetStream's codes for a full stream or disk. */
const FULL: readonly string[] = [STORE_FULL, '10047', '10077', '10023', '10028']

/** A call that was refused because the store could not be reached. Nothing was written for it. */
export const storeAway = (op: string, cause?: unknown): SignalboxError =>
  hubError({ code: 'unavailable', op, message: 'The store cannot be reached.', retryable: true, cause })

/** True when the store could not be reached. A store that is full is reachable. */
export const isOutage = (error: unknown): error is SignalboxError =>
  SignalboxError.is(error) && PASSING.includes(error.code) && !FULL.includes(error.remoteCode ?? '')
