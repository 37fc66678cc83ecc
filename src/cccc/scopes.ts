/**
 * The scope that a caller of the gateway needs for each op. Every op of the table is listed by hand; a test fails for one that is not. An
 * op that is not listed needs `admin`.
 */

export type CcccScope = 'observe' | 'send' | 'approve' | 'admin' | 'server-only'

const LISTS: Readonly<Record<CcccScope, string>> = {
  observe: `
  ping version home_get groups group_show group_list group_resolve group_help_get group_preamble_get group_template_export
  group_template_preview group_automation_state actor_list actor_notes_get actor_profile_get actor_profile_list actor_prompt
  runtime_hermes_status remote_delivery_status inbox_list inbox_peek message_history message_read_status events_stream
  context_get presence_get task_list headless_status term_attachment_status terminal_history terminal_replay terminal_since
  terminal_snapshot terminal_tail terminal_status capability_allowlist_get capability_allowlist_validate capability_overview
  capability_search capability_state group_space_capabilities group_space_provider_credential_status group_space_query
  group_space_spaces group_space_status memory_get memory_health memory_profile_get memory_reme_context_check memory_reme_get
  memory_reme_layout_get memory_reme_search memory_search branding_get observability_get remote_access_state
  im_list_authorized im_list_pending im_status presentation_browser_info presentation_get web_model_browser_info
  web_model_delivery_preferences_get assistant_state assistant_index assistant_voice_document_list pet_decisions_get
  ledger_tail ledger_search ledger_window ledger_statuses assistant_voice_document_library connect_catalog connect_direct_status
  connect_group_status connect_status headless_control_state voice_notifications_get voice_preferences_get
  voice_secretary_runtime voice_secretary_settings_get voice_secretary_tasks`,
  send: `
  send reply tracked_send send_cross_group message_deliver message_send message_upload_preflight relay_user_delegation
  reply_request_cancel stream_emit chat_ack inbox_mark_all_read inbox_mark_read inbox_read notify_ack
  system_notify context_sync blueprint_generate headless_ack_message headless_set_status runtime_complete_turn
  runtime_wait_next_turn web_model_runtime_complete_turn web_model_runtime_recover_turn web_model_runtime_wait_next_turn
  web_model_browser_delivery_record group_set_state actor_notes_clear actor_notes_set term_resize terminal_resize memory_write
  memory_reme_write memory_reme_compact memory_reme_daily_flush memory_reme_index_sync presentation_clear
  pet_decisions_clear pet_decisions_replace assistant_status_update assistant_voice_ask_requests_clear
  assistant_voice_document_archive assistant_voice_document_instruction assistant_voice_document_save
  assistant_voice_document_select assistant_voice_input_append assistant_voice_instruction_feedback
  assistant_voice_prompt_draft_ack assistant_voice_prompt_draft_submit assistant_voice_recording_lease assistant_voice_request
  assistant_voice_session_transcript_clear assistant_voice_session_update assistant_voice_transcribe
  assistant_voice_transcript_append assistant_voice_document_library_update voice_messages_viewed voice_secretary_task
  voice_secretary_task_cancel voice_secretary_task_candidate voice_secretary_task_handoff voice_secretary_task_retry
  voice_secretary_terminal_resize`,
  // Lets people outside speak to the agents, and decides what an agent may do.
  approve: `
  im_bind_chat im_reject_pending im_revoke_chat headless_control`,
  // Runs a command inside an agent; starts and stops agents; says what they run, with which environment and in which folder; types into their terminals; reads files and
  // logs of the machine; names secrets; sends to other machines.
  admin: `
  attach group_copy_export group_copy_export_file group_copy_import group_copy_preview_import group_create
  group_create_from_template group_create_with_scope group_delete group_detach_scope group_preamble_reset group_preamble_set
  group_reset group_settings_update group_start group_stop group_template_import_replace group_update group_use
  registry_reconcile group_automation_manage group_automation_reset_baseline group_automation_update actor_add
  actor_env_private_keys actor_env_private_update actor_new_session actor_remove actor_restart actor_start actor_stop
  actor_update runtime_hermes_mcp_test runtime_hermes_prepare actor_profile_delete actor_profile_secret_copy_from_actor
  actor_profile_secret_copy_from_profile actor_profile_secret_keys actor_profile_secret_update actor_profile_upsert
  group_bridge_receive_remote_send group_bridge_receive_reply_request_cancel remote_send send_files
  presentation_browser_attach presentation_browser_vnc_attach space_provider_auth_browser_attach
  space_provider_auth_browser_vnc_attach web_model_browser_attach web_model_browser_vnc_attach
  web_model_delivery_preferences_update term_attach terminal_clear capability_allowlist_reset capability_allowlist_update
  capability_block capability_enable capability_import capability_install_target capability_source_delete capability_tool_call
  capability_uninstall capability_visibility group_space_artifact group_space_bind group_space_ingest group_space_jobs
  group_space_provider_auth group_space_provider_health_check group_space_sources group_space_sync ledger_compact
  ledger_snapshot branding_update debug_clear_logs debug_snapshot debug_tail_logs observability_update membership_status
  presentation_publish presentation_browser_close presentation_browser_open web_model_browser_close web_model_browser_open
  assistant_settings_update assistant_voice_document_input_read assistant_voice_model_install assistant_voice_model_remove
  assistant_voice_runtime_install assistant_voice_runtime_remove send_cross_group_remote_record event_append
  actor_profile_env_private_keys im_config im_start im_stop terminal_write
  slash_skill_dispatch actor_profile_copy_actor_secrets
  actor_profile_copy_profile_secrets actor_profile_copy_voice_analyst_secrets actor_profile_copy_voice_secretary_secrets
  actor_profile_env_private_update assistant_voice_document_delete connect_peer_receive connect_send connect_send_files
  voice_preferences_set voice_secretary_runtime_reset voice_secretary_settings_update voice_secretary_terminal_attach`,
  // Stops the daemon for everybody, opens the machine to the world, or carries the keys of the services that do.
  'server-only': `
  start shutdown membership_login membership_login_poll membership_logout membership_reach_install membership_reach_off
  membership_reach_on remote_access_configure remote_access_start remote_access_stop im_set im_unset
  group_space_provider_credential_update connect_direct_invite connect_direct_join connect_direct_remove connect_group_select
  connect_rename web_model_binding_remove web_model_connector_configure web_model_connector_revoke web_model_grok_bind
  web_model_pairing_accept web_model_pairing_begin web_model_pairing_cancel web_model_pairing_confirm web_model_pairing_fail`,
}

/** After these ops the connection carries the bytes of a terminal or a browser, and no lines. */
export const CCCC_RAW_OPS: readonly string[] = [
  'term_attach',
  'presentation_browser_attach',
  'presentation_browser_vnc_attach',
  'space_provider_auth_browser_attach',
  'space_provider_auth_browser_vnc_attach',
  'web_model_browser_attach',
  'web_model_browser_vnc_attach',
  'voice_secretary_terminal_attach',
]

/** A function, so that a bundle that never calls it does not carry the list. */
export function ccccScopes(): Readonly<Record<string, CcccScope>> {
  const scopes: Record<string, CcccScope> = {}
  for (const [scope, ops] of Object.entries(LISTS)) {
    for (const op of ops.trim().split(/\s+/)) scopes[op] = scope as CcccScope
  }
  return scopes
}
