/** Actor profiles. The published example puts `env` into the profile, which one release in the middle refuses. */
import type { CcccCallOptions } from './small-client.js'
import { CcccError, isApiError } from './errors.js'
import type { MethodCall } from './methods.js'
import { isRecord } from '../core/is-record.js'
import { recordOr, type Loose } from './shapes.js'

export interface CcccProfileUpsertArgs {
  readonly profile: Loose
  readonly by?: string
  readonly expectedRevision?: number
}

export interface CcccProfileUpsertResult {
  readonly profile: Loose
  /** Where the values of `profile.env` went, if there were any: the daemon decided, or refused them and they became secrets. */
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
      // The refusal had no effect. If the profile is invalid for another reason, this says so.
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
