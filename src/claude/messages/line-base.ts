/** The fields that every line may have. Unknown fields are kept. */
export interface LineBase {
  /** The session of the CLI. */
  readonly session_id?: string
  /** The id of the line. */
  readonly uuid?: string
  readonly [field: string]: unknown
}
