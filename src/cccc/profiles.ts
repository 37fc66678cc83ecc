/** Actor profiles. The published example puts `env` into the profile; 0.4.3 refuses that, older and newer daemons accept it. */
import type { CcccCallOptions } from './small-client.js'
import { CcccError, isApiError } from './errors.js'
import type { MethodCall } from './methods.js'
import { isRecord } from '../core/is-record.js'
import { recordOr, type Loose } from './shapes.js'

/** Arguments of `profiles.upsert`. */
export interface CcccProfileUpsertArgs {
  /** The fields of the profile, as the daemon takes them. With an `id` the profile is changed, without one it is created. */
  readonly profile: Loose
  /** Who changes it; default: the client's principal. */
  readonly by?: string
  /** Refuses the change when the profile has another revision by now. */
  readonly expectedRevision?: number
}

/** The result of `profiles.upsert`. */
export interface CcccProfileUpsertResult {
  /** The stored profile. */
  readonly profile: Loose
  /** How the values of `profile.env` were stored: with the profile, or by a second call as secrets. Absent without values. */
  readonly env?: 'as given' | 'as secrets'
  readonly [key: string]: unknown
}

export function createProfileUpsert(call: MethodCall) {
  const op = 'actor_profile_upsert'
  return async (args: CcccProfileUpsertArgs, options?: CcccCallOptions): Promise<CcccProfileUpsertResult> => {
    const store = async (profile: Loose): Promise<Loose & { readonly profile: Loose }> => {
      const result = await call(op, { ...args, profile }, options)
      return { ...result, profile: recordOr(result.profile) }
    }
    const { env, ...profile } = args.profile
    const hasEnv = isRecord(env) && Object.keys(env).length > 0
    try {
      const result = await store(args.profile)
      return hasEnv ? { ...result, env: 'as given' } : result
    } catch (error) {
      if (!hasEnv || !isApiError(error, 'invalid_request')) throw error
      // The refusal had no effect. A profile that is invalid for another reason is refused again here.
      const result = await store(profile)
      const profileId = String(result.profile.id)
      try {
        await call('actor_profile_secret_update', { profileId, by: args.by, clear: false, set: env }, options)
      } catch (cause) {
        throw new CcccError({
          code: 'remote',
          op,
          sent: 'yes',
          message: `The profile ${profileId} was stored, but its env was not.`,
          hint: 'Store it with profiles.secretUpdate.',
          cause,
        })
      }
      return { ...result, env: 'as secrets' }
    }
  }
}
