/** Questions to the user that are not about a tool: elicitations of MCP servers, and dialogs of the CLI. */
import type { ControlHandler } from '../protocol/control.js'
import { raceSignal } from '../../core/deadline.js'
import { asText, recordOf } from '../messages/guards.js'

/** An MCP server asks the user. CLI 2.0 has no elicitations: it tells the server so. */
export interface ElicitationRequest {
  /** The server. */
  readonly serverName: string
  /** The question. */
  readonly message: string
  /** `form`: the answer has fields. `url`: the user opens a page. */
  readonly mode: 'form' | 'url' | (string & {})
  /** The page to open. */
  readonly url: string | undefined
  /** The id of the question, for `url`; the line `elicitation_complete` has the same id. */
  readonly elicitationId: string | undefined
  /** The JSON schema of the answer, for `form`. */
  readonly requestedSchema: Readonly<Record<string, unknown>> | undefined
  /** The question as it came. */
  readonly raw: Readonly<Record<string, unknown>>
}

/** The answer to an elicitation. */
export interface ElicitationResult {
  /** `accept` gives the content. `decline` refuses. `cancel` closes the question without an answer. */
  readonly action: 'accept' | 'decline' | 'cancel'
  /** The fields of the answer. */
  readonly content?: Readonly<Record<string, unknown>>
}

/** Options of a question. */
export interface DialogOptions {
  /** Aborted when the CLI withdraws the question. */
  readonly signal: AbortSignal
}

/** Answers the questions of MCP servers. Undefined or null declines. A callback that throws has declined. */
export type OnElicitation = (
  request: ElicitationRequest,
  options: DialogOptions,
) => ElicitationResult | null | undefined | Promise<ElicitationResult | null | undefined>

/** A dialog that the CLI wants to be shown. */
export interface UserDialogRequest {
  /** The kind; it decides the payload and the result. */
  readonly dialogKind: string
  /** What to show. */
  readonly payload: Readonly<Record<string, unknown>>
  /** The tool call that the dialog is about. */
  readonly toolUseId: string | undefined
}

/** The answer to a dialog. After `cancelled` the CLI does what it does without a dialog. */
export type UserDialogResult =
  | {
      /** The user has answered. */
      readonly behavior: 'completed'
      /** The answer, as the kind of the dialog defines it. */
      readonly result: unknown
    }
  | {
      /** The dialog was not shown, or was closed. */
      readonly behavior: 'cancelled'
    }

/** Answers the dialogs of the CLI. Undefined or null cancels the dialog. A callback that throws has cancelled it. */
export type OnUserDialog = (
  request: UserDialogRequest,
  options: DialogOptions,
) => UserDialogResult | null | undefined | Promise<UserDialogResult | null | undefined>

type OnFailure = ((what: string, error: unknown) => void) | undefined
type Answer = Readonly<Record<string, unknown>>

/** Calls back, and gives the refusal when the callback gives nothing or fails. A withdrawn question rejects. */
async function answered(
  ask: () => unknown,
  refusal: Answer,
  signal: AbortSignal,
  failed: (error: unknown) => void,
): Promise<Answer> {
  try {
    const answer = await raceSignal((async () => ask())(), signal)
    return answer === undefined || answer === null ? refusal : { ...(answer as Answer) }
  } catch (error) {
    if (signal.aborted) throw error
    failed(error)
    return refusal
  }
}

export function elicitationHandler(onElicitation: OnElicitation, onFailure: OnFailure): ControlHandler {
  return (question, signal) => {
    if (question.subtype !== 'elicitation') return undefined
    const schema = question.requested_schema
    const request: ElicitationRequest = {
      serverName: asText(question.mcp_server_name) ?? '',
      message: asText(question.message) ?? '',
      mode: asText(question.mode) ?? 'form',
      url: asText(question.url),
      elicitationId: asText(question.elicitation_id),
      requestedSchema: schema === undefined ? undefined : recordOf(schema),
      raw: question,
    }
    const failed = (error: unknown): void => onFailure?.('onElicitation', error)
    return answered(() => onElicitation(request, { signal }), { action: 'decline' }, signal, failed)
  }
}

export function dialogHandler(onUserDialog: OnUserDialog, onFailure: OnFailure): ControlHandler {
  return (question, signal) => {
    if (question.subtype !== 'request_user_dialog') return undefined
    const request: UserDialogRequest = {
      dialogKind: asText(question.dialog_kind) ?? '',
      payload: recordOf(question.payload),
      toolUseId: asText(question.tool_use_id),
    }
    const failed = (error: unknown): void => onFailure?.('onUserDialog', error)
    return answered(() => onUserDialog(request, { signal }), { behavior: 'cancelled' }, signal, failed)
  }
}
