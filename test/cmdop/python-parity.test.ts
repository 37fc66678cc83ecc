/** The public names of the Python packages cmdop 1.1.1 and 2.0.0, and ours. A recording of the names; test:peers compares it anew. */
import { describe, expect, it } from 'vitest'
import * as cmdop from '../../src/cmdop/index.js'
import { createCmdopCoreSimulator } from '../../src/testing/index.js'
import { camelCase, PYTHON_1, PYTHON_2 } from './python-names.js'

/** Python names that are deliberately absent, with the reason. */
const ABSENT: Readonly<Record<string, string>> = {
  Client: 'createCmdop() makes a client',
  ClientConfig: 'CmdopConfig, a type',
  AskStream: 'a type',
  FrameStream: 'a type, of the same name',
  AskFrame: 'a type',
  EventFrame: 'a type',
  DoneFrame: 'a type',
  PinRequiredFrame: 'a type',
  PinDeniedFrame: 'a type',
  ConfirmRequiredFrame: 'a type',
  UnknownFrame: 'a type',
  StreamErrorFrame: 'a type',
  ErrorFrame: 'never made by the Python package; an error is thrown',
  map_core_error: 'internal to the Python package',
  errors: 'a module; its classes are exported',
  types: 'a module; the types are exported under their own names',
  __version__: 'package.json has the version',
  // Methods.
  'client.aclose': 'close()',
  'client.from_env': 'cmdopCore() reads the environment; fromEnv() reads any other',
  'client.config': 'fleetId and baseUrl are members; credentials are not shown again',
}

const client = cmdop.createCmdop({ transport: createCmdopCoreSimulator().transport, fleetId: 'f' })

describe.each([
  ['1.1.1', PYTHON_1],
  ['2.0.0', PYTHON_2],
])('every public name of the Python package cmdop %s', (_version, names) => {
  it('is exported under the same name, or is absent for a reason [cmdop.parity.python]', () => {
    const missing = names.exports.filter((name) => !(name in cmdop) && !(name in ABSENT))
    expect(missing).toEqual([])
  })

  it('has its method under the name in camelCase [cmdop.parity.python]', () => {
    const missing = names.methods.filter((path) => {
      if (`client.${path}` in ABSENT) return false
      const found = path.split('.').reduce<unknown>((at, part) => (Object(at) as Record<string, unknown>)[camelCase(part)], client)
      return found === undefined
    })
    expect(missing).toEqual([])
  })
})
