/**
 * Prompts that Claude Code could take for a command. `/config permissionMode=auto` writes the owner's settings, `!` runs a shell command
 * and `#` writes a memory file, so such a prompt does more than the scope `send` allows.
 */

/** White space, control characters, combining marks and other characters that a screen does not show. */
const NOT_SHOWN = /^[\s\p{C}\p{Z}\p{M}\p{Default_Ignorable_Code_Point}]+/u

/**
 * Whether the first visible character of a prompt is `/`, `!` or `#`, in any width. Stricter than the CLIs that were measured: those take
 * a command only at the very start.
 */
export function looksLikeCommand(text: string): boolean {
  const [first = ''] = text.replace(NOT_SHOWN, '')
  return /^[/!#]/.test(first.normalize('NFKC'))
}
