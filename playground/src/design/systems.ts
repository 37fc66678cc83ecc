/** The name of a system, for people. */
const SYSTEM_NAMES: Readonly<Record<string, string>> = {
  acp: 'Agent Client Protocol',
  ccc: 'CCC',
  cccc: 'CCCC',
  claude: 'Claude Code',
  cmdop: 'CMDOP',
  hub: 'Hub',
}

/** The name of a system for people, or its id if the page does not know it. */
export const systemName = (id: string): string => SYSTEM_NAMES[id] ?? id
