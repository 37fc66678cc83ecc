/** doctor, config, completion and simulate: what the program says about this machine. */
import { existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createCcc } from '../../src/ccc/index.js'
import { cccSocket, tcpSocket } from '../../transports/node/index.js'
import { createCccc } from '../../src/cccc/index.js'
import { programHere, type ProgramHere } from './program-here.js'

let here: ProgramHere
beforeEach(() => {
  here = programHere()
})
afterEach(() => here.dispose())

interface Report {
  readonly hub: boolean
  readonly systems: readonly {
    readonly system: string
    readonly status: string
    readonly version?: string
    readonly repair?: string
  }[]
}

describe('doctor', () => {
  test('a system that answers works, with its version; one that is not here has the command that installs it [cli.doctor]', async () => {
    const socket = join(here.folder, 'ccc.sock')
    const simulator = here.start(['simulate', 'ccc', '--socket', socket])
    await simulator.prints(/\n/)
    here.configure({ sources: { ccc: { socket }, cccc: { home: join(here.folder, 'none') } } })
    const works = await here.go(['doctor', 'ccc'])
    expect(works.code).toBe(0)
    expect(works.out).toMatch(/^signalbox 1\.2\.3, Node \S+, \w+\nhub does not run; signalbox up starts it\nccc works \d/)
    expect(works.out).toContain(`tried: ping on the socket ${socket}`)
    const absent = await here.go(['doctor', 'cccc', '--json'])
    expect(absent.code).toBe(0)
    const { systems, hub } = JSON.parse(absent.out) as Report
    expect(hub).toBe(false)
    expect(systems).toMatchObject([{ system: 'cccc', status: 'absent', repair: expect.stringContaining('cccc daemon start') }])
    expect(absent.out).not.toContain('"config"')
    await simulator.stop()
    expect((await here.go(['doctor', 'ccc'])).out).toMatch(/ccc not here\n.*\n {2}to have it: /)
  })

  test('a system that is here and does not work is broken, and doctor exits with 1 [cli.doctor]', async () => {
    // A server that is no CCC server.
    const server = createServer().listen(join(here.folder, 'http.sock'))
    await once(server, 'listening')
    here.configure({ sources: { ccc: { socket: join(here.folder, 'http.sock') } } })
    const { code, out } = await here.go(['doctor', 'ccc'])
    server.close()
    server.closeAllConnections()
    expect(out).toMatch(/ccc broken\n/)
    expect(out).toContain('repair: start the CCC server')
    expect(code).toBe(1)
  })

  test('an unknown system and a broken configuration are refused [cli.doctor]', async () => {
    expect(await here.go(['doctor', 'cccp'])).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('There is no system "cccp".'),
    })
    here.configure('{')
    expect(await here.go(['doctor', 'ccc'])).toMatchObject({ code: 2, out: '', err: expect.stringContaining('it is not JSON') })
  })

  test('detect is the old name and takes --json and --help too [cli.doctor]', async () => {
    here.configure({ sources: { ccc: { socket: join(here.folder, 'none') } } })
    expect(JSON.parse((await here.go(['detect', 'ccc', '--json'])).out)).toMatchObject({ systems: [{ system: 'ccc' }] })
    expect(await here.go(['detect', '--help'])).toMatchObject({ code: 0, err: '' })
  })

  test('--nats: a server that is not there is broken, with what to do [cli.nats.doctor]', async () => {
    here.configure({ sources: { ccc: { socket: join(here.folder, 'none') } } })
    const text = await here.go(['doctor', 'ccc', '--nats', 'nats://ann:s3cret@127.0.0.1:1'])
    expect(text.code).toBe(1)
    expect(text.out).toMatch(/nats broken\n {2}Nothing listens at nats:\/\/127\.0\.0\.1:1\. Start nats-server there/)
    expect(text.out + text.err).not.toContain('s3cret')
    const json = await here.go(['doctor', 'ccc', '--nats', 'http://x', '--json'])
    expect(json.code).toBe(1)
    expect(JSON.parse(json.out)).toMatchObject({ nats: { works: false, text: expect.stringContaining('is no address') } })
  })
})

describe('config', () => {
  test('check, path and schema, for a person and as JSON [cli.settings]', async () => {
    const path = join(here.folder, 'config', 'signalbox', 'config.json')
    expect(await here.go(['config', 'path'])).toEqual({ code: 0, out: `${path}\n`, err: '' })
    expect(JSON.parse((await here.go(['config', 'path', '--json'])).out)).toEqual({ path })
    expect((await here.go(['config', 'check'])).out).toContain(`There is no ${path}.`)
    expect(JSON.parse((await here.go(['config', 'check', '--json'])).out)).toEqual({ path, found: false, settings: {} })
    here.configure({ sources: { ccc: false } })
    expect(await here.go(['config', 'check'])).toEqual({ code: 0, out: `${path} is valid.\n`, err: '' })
    expect(JSON.parse((await here.go(['config', 'check', '--json'])).out)).toMatchObject({
      found: true,
      settings: { sources: { ccc: false } },
    })
    expect(JSON.parse((await here.go(['config', 'schema'])).out)).toHaveProperty('properties.sources')
  })

  test('a wrong file exits with 2 and quotes nothing of it; the error for an unknown subcommand names the three [cli.settings]', async () => {
    here.configure({ surces: { token: 'hunter2' } })
    const { code, out, err } = await here.go(['config', 'check'])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain('surces')
    expect(err).not.toContain('hunter2')
    expect(await here.go(['config', 'chek'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('It takes check, path or schema.'),
    })
    expect(await here.go(['config'])).toMatchObject({ code: 2, out: '' })
    // A command that reads the file fails in the same way.
    expect(await here.go(['ls'])).toMatchObject({ code: 2, out: '', err: expect.stringContaining('is not valid') })
  })
})

describe('completion', () => {
  test.each(['bash', 'zsh', 'fish', 'powershell'])('the script for %s calls the program [cli.completion]', async (shell) => {
    const { code, out, err } = await here.go(['completion', shell])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/signalbox.* complete '?--/)
  })

  test('another shell is refused, and the error names the four [cli.completion]', async () => {
    expect(await here.go(['completion', 'tcsh'])).toEqual({
      code: 2,
      out: '',
      err: 'There is no completion for "tcsh". Known are bash, zsh, fish, powershell.\n',
    })
    expect(await here.go(['completion'])).toMatchObject({ code: 2, out: '' })
  })
})

describe('simulate', () => {
  test('a CCC server answers on its socket until ctrl-c, and the socket is removed [cli.simulate]', async () => {
    const socket = join(here.folder, 'ccc.sock')
    const started = here.start(['simulate', 'ccc', '--socket', socket, '--json'])
    expect(JSON.parse(await started.prints(/\n/))).toEqual({ address: `unix:${socket}` })
    const client = createCcc({ transport: cccSocket({ path: socket }) })
    expect((await client.sessions()).map(({ name }) => name)).toEqual(['backend', 'frontend'])
    await client.close()
    expect((await started.stop()).code).toBe(0)
    expect(existsSync(socket)).toBe(false)
  })

  test('a CCCC daemon answers on a free port [cli.simulate]', async () => {
    const started = here.start(['simulate', 'cccc', '--port', '0'])
    const [, port] = /:(\d+)\n/.exec(await started.prints(/:\d+\n/)) ?? []
    const client = createCccc({ transport: tcpSocket({ host: '127.0.0.1', port: Number(port) }) })
    expect((await client.groups.list()).groups).toEqual([])
    await client.close()
    expect((await started.stop()).code).toBe(0)
  })

  test('a CatSyphon server answers over HTTP, with a key of its own [cli.simulate]', async () => {
    const started = here.start(['simulate', 'catsyphon', '--port', '0'])
    const out = await started.prints(/API_KEY=\S+\n/)
    const [url = ''] = out.split(' ')
    expect((await fetch(`${url}/health`)).status).toBe(200)
    expect((await fetch(`${url}/collectors/nothing`, { method: 'POST', body: '{}' })).status).toBeGreaterThanOrEqual(400)
    expect((await started.stop()).code).toBe(0)
    await expect(fetch(`${url}/health`)).rejects.toThrow()
  })

  test('claude and cmdop are executables, whose path is printed [cli.simulate]', async () => {
    for (const system of ['claude', 'cmdop']) {
      const { code, out } = await here.go(['simulate', system])
      expect(code).toBe(0)
      expect(out.trim()).toMatch(/fake-/)
      expect(JSON.parse((await here.go(['simulate', system, '--json'])).out)).toEqual({ path: out.trim() })
    }
  })

  test('another system, a wrong port, and a socket that is taken are refused [cli.simulate]', async () => {
    expect(await here.go(['simulate', 'acp'])).toMatchObject({ code: 2, err: expect.stringContaining('Known are ccc') })
    expect(await here.go(['simulate', 'ccc', '--port', 'x'])).toMatchObject({ code: 2, out: '' })
    const socket = join(here.folder, 'ccc.sock')
    const started = here.start(['simulate', 'ccc', '--socket', socket])
    await started.prints(/\n/)
    expect(await here.go(['simulate', 'ccc', '--socket', socket])).toMatchObject({ code: 1, out: '' })
    expect(statSync(socket).isSocket()).toBe(true)
  })
})
