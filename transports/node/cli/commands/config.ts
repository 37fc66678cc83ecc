import { SignalboxError } from '../../../../src/errors.js'
import { command, JSON_ARG } from '../program/command.js'

export default command({
  examples: [
    ['signalbox config check', 'say whether the configuration file is valid'],
    ['signalbox config path', 'where it is'],
    ['signalbox config schema > config.schema.json', 'its JSON Schema, for an editor'],
  ],
  args: { what: { type: 'positional', required: true, description: 'check, path or schema' }, ...JSON_ARG },
  async run({ what, json }, { terminal }) {
    if (what === 'schema') {
      const { settingsJsonSchema } = await import('../settings/schema.js')
      terminal.out(`${JSON.stringify(settingsJsonSchema(), null, 2)}\n`)
      return 0
    }
    const { readSettings } = await import('../settings/read.js')
    if (what === 'path') {
      const { configFile } = await import('../settings/places.js')
      const path = configFile(terminal.env)
      terminal.out(`${json ? JSON.stringify({ path }) : path}\n`)
      return 0
    }
    if (what !== 'check') {
      throw new SignalboxError({
        code: 'invalid_argument',
        message: `config cannot "${what}".`,
        hint: 'It takes check, path or schema.',
      })
    }
    const { path, settings, found } = await readSettings(terminal.env)
    if (json) terminal.out(`${JSON.stringify({ path, found, settings }, null, 2)}\n`)
    else
      terminal.out(
        found ? `${path} is valid.\n` : `There is no ${path}. It is not needed: what is found on this machine is used.\n`,
      )
    return 0
  },
})
