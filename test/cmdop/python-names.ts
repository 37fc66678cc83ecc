/** The public names of the Python packages, read from their sources: `__all__`, the methods of the client and of its namespaces. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface PythonNames {
  readonly exports: readonly string[]
  /** By the path from the client, in snake_case. */
  readonly methods: readonly string[]
}

export const camelCase = (name: string): string => name.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase())

const words = (text: string): readonly string[] => text.trim().split(/\s+/)

/** cmdop 1.1.1. */
export const PYTHON_1: PythonNames = {
  exports: words(`
    AgentStreamError AskFrame AskStream AuthError Client ClientConfig CmdopError ConfirmRequiredFrame ConflictError
    ConnectionError DoneFrame ErrorFrame EventFrame FrameStream NotFoundError PermissionError PinDeniedError PinDeniedFrame
    PinRequiredFrame PinTimeoutError RateLimitError ServerError TimeoutError UnavailableError UnknownFrame ValidationError
    __version__ errors map_core_error types
  `),
  methods: words(`
    aclose base_url config fleet_id fleets fleets.create fleets.disable fleets.get fleets.iter fleets.list fleets.machines
    fleets.machines.attach fleets.machines.detach fleets.machines.list fleets.members fleets.members.add fleets.members.list
    fleets.members.remove fleets.members.set_role fleets.pages fleets.update from_env keys keys.issue keys.iter keys.list
    keys.pages keys.revoke machines machines.active_session machines.ask machines.clear_messages machines.disable
    machines.get machines.info machines.iter machines.list machines.messages machines.pages machines.spend machines.update
    schedules schedules.create schedules.delete schedules.get schedules.iter schedules.iter_runs schedules.list
    schedules.pages schedules.pages_runs schedules.runs schedules.trigger schedules.update skills skills.categories
    skills.create skills.delete skills.get skills.install skills.list skills.my skills.publish skills.publish_status
    skills.reviews skills.star skills.tags skills.update skills.versions tunnels tunnels.close tunnels.get tunnels.iter
    tunnels.list tunnels.open tunnels.pages tunnels.sessions
  `),
}

/** cmdop 2.0.0. */
export const PYTHON_2: PythonNames = {
  exports: words(`
    AgentStreamError AskFrame AskStream AuthError Client ClientConfig CmdopError ConflictError ConnectionError DoneFrame
    EventFrame NotFoundError PermissionError ProtocolError RateLimitError ServerError StreamErrorFrame TimeoutError
    UnavailableError UnsupportedError ValidationError __version__ errors types
  `),
  methods: words(`
    aclose base_url config from_env machines machines.ask machines.list machines.messages system system.bootstrap
  `),
}

// Reads the sources without running a line of the package.
const READ = `
import ast, json, os, sys
SPACES = {'FleetMembersResource': 'fleets.members', 'FleetMachinesResource': 'fleets.machines'}
base = sys.argv[1]
parse = lambda *path: ast.parse(open(os.path.join(base, *path)).read()).body
classes = lambda body: [n for n in body if isinstance(n, ast.ClassDef)]
methods = lambda n: [m.name for m in n.body if isinstance(m, (ast.FunctionDef, ast.AsyncFunctionDef)) and m.name[0] != '_']
exports = [e.value for n in parse('__init__.py') if isinstance(n, ast.Assign) and n.targets[0].id == '__all__' for e in n.value.elts]
found = []
for file in sorted(os.listdir(os.path.join(base, 'resources'))):
    for n in classes(parse('resources', file)) if file.endswith('.py') else []:
        space = SPACES.get(n.name, n.name.replace('Resource', '').lower())
        found += [space + '.' + name for name in methods(n)]
found += [name for n in classes(parse('client.py')) if n.name == 'Client' for name in methods(n)]
print(json.dumps({'exports': sorted(exports), 'methods': sorted(set(found))}))
`

/** The names of the package in this folder. */
export async function pythonNames(folder: string): Promise<PythonNames> {
  const { stdout } = await promisify(execFile)('python3', ['-I', '-c', READ, folder])
  return JSON.parse(stdout) as PythonNames
}
