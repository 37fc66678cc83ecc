/** The options of a simulated session. Like the recorded agent it shows its modes twice: as modes, and as the option `mode`. */

type Json = Record<string, unknown>

export interface SimulatedConfig {
  /** The id of the mode that is set. */
  readonly mode: string
  /** Sets an option, or says what is wrong. */
  set(id: unknown, value: unknown): 'done' | 'unknown option' | 'invalid value'
  /** The member `modes` of the answer that opens a session. */
  modes(): Json
  /** The member `configOptions` of the answer that opens a session. */
  options(): readonly Json[]
}

const MODES = [
  { value: 'default', name: 'Manual', description: 'Asks before every change' },
  { value: 'acceptEdits', name: 'Accept edits', description: 'Changes files without asking' },
  { value: 'plan', name: 'Plan', description: 'Plans before it changes anything' },
  { value: 'auto', name: 'Auto', description: 'Decides by itself when to ask' },
]
const EFFORTS = [
  { value: 'default', name: 'Default' },
  { value: 'low', name: 'Low' },
  { value: 'high', name: 'High' },
]
const OPTIONS = [
  { id: 'mode', name: 'Mode', description: 'How the session asks for permission', category: 'mode', values: MODES },
  { id: 'effort', name: 'Effort', description: 'How much the agent thinks', category: 'thought_level', values: EFFORTS },
]

export function createSimulatedConfig(): SimulatedConfig {
  const chosen = new Map(OPTIONS.map(({ id }) => [id, 'default']))
  return {
    get mode() {
      return chosen.get('mode') ?? 'default'
    },
    set(id, value) {
      const option = OPTIONS.find((known) => known.id === id)
      if (!option) return 'unknown option'
      const choice = option.values.find((known) => known.value === value)
      if (!choice) return 'invalid value'
      chosen.set(option.id, choice.value)
      return 'done'
    },
    modes: () => ({
      currentModeId: chosen.get('mode'),
      availableModes: MODES.map(({ value: id, name, description }) => ({ id, name, description })),
    }),
    options: () =>
      OPTIONS.map(({ values, ...option }) => ({ ...option, type: 'select', currentValue: chosen.get(option.id), options: values })),
  }
}
