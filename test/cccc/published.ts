/** The methods of the two published clients, release 0.4.3, which this client must have. */

/** cccc-sdk, Python. */
export const PYTHON_METHODS: readonly string[] = `
  actor_add actor_env_private_keys actor_env_private_update actor_list actor_profile_delete actor_profile_get
  actor_profile_list actor_profile_secret_copy_from_actor actor_profile_secret_copy_from_profile
  actor_profile_secret_keys actor_profile_secret_update actor_profile_upsert actor_remove actor_restart actor_start
  actor_stop actor_update assert_compatible attach call call_raw capability_allowlist_get capability_allowlist_reset
  capability_allowlist_update capability_allowlist_validate capability_block capability_enable capability_import
  capability_overview capability_search capability_state capability_tool_call capability_uninstall chat_ack
  context_get context_sync events_stream group_automation_manage group_automation_reset_baseline
  group_automation_state group_automation_update group_create group_delete group_set_state group_settings_update
  group_show group_space_artifact group_space_bind group_space_capabilities group_space_ingest group_space_jobs
  group_space_provider_auth group_space_provider_credential_status group_space_provider_credential_update
  group_space_provider_health_check group_space_query group_space_sources group_space_spaces group_space_status
  group_space_sync group_start group_stop group_update group_use groups inbox_list inbox_mark_all_read inbox_mark_read
  notify_ack ping reply send send_cross_group
`
  .trim()
  .split(/\s+/)

/** cccc-sdk, TypeScript. */
export const TYPESCRIPT_METHODS: readonly string[] = `
  actorAdd actorEnvPrivateKeys actorEnvPrivateUpdate actorList actorProfileDelete actorProfileGet actorProfileList
  actorProfileSecretCopyFromActor actorProfileSecretCopyFromProfile actorProfileSecretKeys actorProfileSecretUpdate
  actorProfileUpsert actorRemove actorRestart actorStart actorStop actorUpdate assertCompatible attach call callRaw
  capabilityAllowlistGet capabilityAllowlistReset capabilityAllowlistUpdate capabilityAllowlistValidate
  capabilityBlock capabilityEnable capabilityImport capabilityOverview capabilitySearch capabilityState
  capabilityToolCall capabilityUninstall chatAck contextGet contextSync eventsStream groupAutomationManage
  groupAutomationResetBaseline groupAutomationState groupAutomationUpdate groupCreate groupDelete groupSetState
  groupSettingsUpdate groupShow groupSpaceArtifact groupSpaceBind groupSpaceCapabilities groupSpaceIngest
  groupSpaceJobs groupSpaceProviderAuth groupSpaceProviderCredentialStatus groupSpaceProviderCredentialUpdate
  groupSpaceProviderHealthCheck groupSpaceQuery groupSpaceSources groupSpaceSpaces groupSpaceStatus groupSpaceSync
  groupStart groupStop groupUpdate groupUse groups inboxList inboxMarkAllRead inboxMarkRead notifyAck ping reply send
  sendCrossGroup
`
  .trim()
  .split(/\s+/)
