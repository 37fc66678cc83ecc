import type { Requirement } from './requirement.js'

const row = (id: string, behaviour: string): Requirement => ({ id: `cli.${id}`, source: 'command line', behaviour })

export const requirements: readonly Requirement[] = [
  row('version', '--version, -V and version print the version.'),
  row('unknown', 'An unknown command names the nearest one and exits with 2.'),
  row('help', 'Help shows examples first; every example is accepted by its command.'),
  row('options', 'A mistyped option, a missing value and too many words are refused with what to type.'),
  row('exit-codes', 'Each kind of failure has its exit code.'),
  row('completion', 'Completion gives commands, options, and the agents and asks of the running hub.'),
  row('printable', 'Control characters of a peer become visible marks.'),
  row('width', 'Tables fit the width of the screen.'),
  row('color', 'NO_COLOR, TERM=dumb and pipes have no colours.'),
  row('time', 'Times are typed as 500ms, 30s, 5m or 1h.'),
  row('approval', 'Only yes allows; anything else is a no.'),
  row('places', 'Files are where XDG and Windows keep them.'),
  row('settings', 'A misspelt setting is an error that names its place and quotes nothing of the file.'),
  row('ask', 'ask prints the words of the agent on stdout and exits by the outcome of the turn.'),
  row('json', '--json prints events as lines, lists as one document, and takes answers on stdin.'),
  row('inline', 'A question is asked at the terminal, with No as the default.'),
  row('interrupt', 'The first ctrl-c cancels the turn and says what is known of it.'),
  row('running-hub', 'Commands use the running hub of this machine, and a hub of their own where none runs.'),
  row('up', 'up runs the hub, its gateway and the pages; the printed address opens them once.'),
  row('demo', 'The agents of the demo work, ask and answer without a visitor.'),
  row('tools', 'A line about a tool call names what earlier events of the call named.'),
  row('man', 'The manual page is that of the table of commands.'),
  row('schema', 'The JSON Schema of the configuration in the package is that of the program.'),
  row('record', 'record writes the journal or a wire into a private file without secrets, and overwrites nothing.'),
  row('replay', 'replay prints a recording, and plays its agents or its system.'),
  row('terminal', 'At a terminal: progress, approval, ctrl-c, resize, hidden PIN, a dying pipe and a closed window.'),
  row('hub-returns', 'A watch continues when the hub was restarted, and says what happened meanwhile.'),
  row('pipe', 'A reader that goes away ends the program silently.'),
]
