/** The terminal as the commands see it, so that a test can give another one. */

export interface Terminal {
  /** Writes to stdout. */
  out(text: string): void
  /** Writes to stderr. */
  err(text: string): void
  readonly env: Readonly<Record<string, string | undefined>>
  /** Stdout is a terminal that a person watches. */
  readonly interactive: boolean
  /** Stdin is a terminal on which a person types. */
  readonly canAsk: boolean
  /** Colours may be written. */
  readonly color: boolean
  /** The cursor may be moved: false for `TERM=dumb` and where a screen reader is announced. */
  readonly canRewrite: boolean
  /** Columns of the screen; 80 where stdout is not a terminal. */
  readonly columns: number
  /** Everything on stdin as text, up to 1 MiB. */
  readInput(): Promise<string>
  /** The lines of stdin as they arrive. */
  lines(signal: AbortSignal): AsyncIterable<string>
  /** Reads one line that a person types; `hidden` does not echo it. Undefined when stdin ends. */
  prompt(question: string, options: { readonly hidden?: boolean; readonly signal?: AbortSignal }): Promise<string | undefined>
  /** Calls back on every ctrl-c until the returned function is called. */
  onInterrupt(run: () => void): () => void
}
