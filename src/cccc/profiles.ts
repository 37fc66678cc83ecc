/** Actor profiles. The published example puts `env` into the profile, which one release in the middle refuses. */
import type { CcccCallOptions, CcccCore } from './core.js'
import { CcccError, isApiError } from './errors.js'
import { prepareArgs } from './methods.js'
import { isRecord, type Loose } from './shapes.js'
import type { OpTable } from './table.js'

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

export function createProfileUpsert(core: CcccCore, table: OpTable) {
  const info = table.get('actor_profile_upsert')
  const wire = (args: CcccProfileUpsertArgs): Loose => (info ? prepareArgs(info, args, core.principal) : { ...args })

  return async (args: CcccProfileUpsertArgs, options?: CcccCallOptions): Promise<CcccProfileUpsertResult> => {
    const { env } = args.profile
    const hasEnv = isRecord(env) && Object.keys(env).length > 0
    try {
      const result = await core.call('actor_profile_upsert' as string, wire(args), options)
      return { ...result, profile: result.profile as Loose, ...(hasEnv ? { env: 'as given' as const } : {}) }
    } catch (error) {
      if (!hasEnv || !isApiError(error, 'invalid_request')) throw error
      const { env: _, ...profile } = args.profile
      // The refusal had no effect. If the profile is invalid for another reason, this says so.
      const result = await core.call('actor_profile_upsert' as string, wire({ ...args, profile }), options)
      const made = result.profile as Loose
      await storeSecrets(String(made.id ?? ''), env, args.by ?? core.principal, options)
      return { ...result, profile: made, env: 'as secrets' }
    }
  }

  async function storeSecrets(profileId: string, set: Loose, by: string, options: CcccCallOptions | undefined): Promise<void> {
    try {
      await core.call('actor_profile_secret_update' as string, { profile_id: profileId, by, clear: false, set }, options)
    } catch (cause) {
      throw new CcccError({
        code: 'remote',
        op: 'actor_profile_upsert',
        sent: 'yes',
        message: `The profile ${profileId} was stored, but its env was not.`,
        hint: 'Store it with profiles.secretUpdate.',
        cause,
      })
    }
  }
}
