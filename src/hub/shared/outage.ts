/** Which failures of a store pass by themselves. */
import { SignalboxError, type ErrorCode } from '../../errors.js'
import { STORE_FULL } from '../../store/rules.js'

const PASSING: readonly ErrorCode[] = ['unavailable', 'unreachable', 'deadline_exceeded']

/** True when the store could not be reached. A store that is full is reachable. */
export const isOutage = (error: unknown): error is SignalboxError =>
  SignalboxError.is(error) && PASSING.includes(error.code) && error.remoteCode !== STORE_FULL
