/** Compares the simulated daemons with recordings of real ones, call by call, in the order of the recording. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { CcccDialect, Loose } from '../../src/cccc/index.js'
import { createCcccSimulator, type CcccSimulator } from '../../src/testing/index.js'
import { createBinding } from './match.js'

interface Recorded {
  readonly handshake?: Loose
  readonly n: number
  readonly section?: string
  readonly kind: string
  readonly request: Loose
  readonly response: Loose
  readonly sent?: string
  readonly received_lines?: Loose[]
  readonly note?: string
  readonly end?: string
}

const read = (file: string): Recorded[] =>
  readFileSync(new URL(`../fixtures/cccc/${file}.ndjson`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Recorded)

/** Whole sections that are not modelled, each with its reason. */
const SECTIONS_LEFT_OUT: Readonly<Record<string, string>> = {
  automation: 'rules are pass-through data to a client',
  capability: 'catalogues of the daemon',
  'group-space': 'needs an account with a provider',
  memory: 'files of the daemon',
  maintenance: 'ledger files and logs of the daemon',
  'new-ops': 'catalogues, notes and preambles of the daemon',
  'probing-with-empty-args': 'one op each, tested by their effects',
  'two-task-creates-in-one-batch': 'another run of the daemon; tested by itself',
  heartbeat: 'another run of the daemon; heartbeats are tested on a fake clock',
  lifecycle: 'follows actors that the recording made by ops left out',
}
/** Ops within modelled sections. */
const OPS_LEFT_OUT: Readonly<Record<string, string>> = {
  send_files: "reads the daemon's files",
  message_upload_preflight: 'belongs to uploads',
  message_deliver: 'pushes into a terminal',
  terminal_tail: "the terminal's transcript",
  terminal_clear: "the terminal's transcript",
  actor_notes_get: 'files of the daemon',
}
async function handshake(simulator: CcccSimulator, line: string): Promise<Loose> {
  const link = await simulator.transport.open()
  await link.write(new TextEncoder().encode(line))
  let text = ''
  while (!text.includes('\n')) text += new TextDecoder().decode((await link.read()) ?? new Uint8Array([0x0a]))
  await link.close()
  return JSON.parse(text.slice(0, text.indexOf('\n'))) as Loose
}

/** Parts of answers that belong to what lies behind the interface. */
const PARTS_LEFT_OUT: readonly [op: string, path: RegExp, reason: string][] = [
  ['group_show', /^\.result\.group\.(automation|delivery|actors|scopes)/, 'rules and texts of the daemon'],
  ['group_show', /^\.result\.group: keys/, 'delivery settings'],
  ['group_update', /^\.result\.group(: keys|\.(automation|actors|scopes))/, 'rules and texts of the daemon'],
  ['group_settings_update', /^\.result\.settings/, 'defaults differ by release'],
  ['group_settings_update', /^\.(result|error|ok)/, 'value checks of single settings'],
  ['actor_list', /^\.result\.actors\.\d+(: keys|\.(running|idle_seconds|unread_count))/, 'working state of a runtime'],
  ['actor_add', /^\.result(\.start_error|: keys)/, 'texts of the operating system'],
  [
    'context_get',
    /^\.result(: keys|\.(coordination|tasks_summary|meta|panorama|board|attention))/,
    'a large document that no method reads into',
  ],
  ['task_list', /^\.result\.tasks/, 'tasks pass through'],
  ['shutdown', /^\.error\.message/, 'names process ids'],
  ['inbox_list', /^\.result\.messages/, 'notices that the daemon adds by its own timing'],
  ['inbox_mark_all_read', /^\.result\.cursor\.event_id/, 'the same notices'],
  ['inbox_mark_all_read', /^\.result\.event\.data\.event_id/, 'the same notices'],
]

const DAEMONS: readonly [file: string, dialect: CcccDialect][] = [
  ['daemon-0.4.2', 'A'],
  ['daemon-0.4.3', 'B'],
  ['daemon-message-mode', 'C'],
]

async function ask(simulator: CcccSimulator, bytes: string, halfClose = false): Promise<Loose[]> {
  const link = await simulator.transport.open()
  await link.write(new TextEncoder().encode(bytes))
  if (halfClose) await link.end()
  let text = ''
  for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) text += new TextDecoder().decode(chunk)
  await link.close()
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Loose)
}

describe.each(DAEMONS)('the recording %s', (file, dialect) => {
  test('its calls get the same answers from the simulated daemon [cccc.simulator-recordings]', async () => {
    await using simulator = createCcccSimulator({ dialect })
    const binding = createBinding()
    const differences: string[] = []
    let compared = 0
    for (const record of read(file)) {
      const { n, section = '', kind, request, response } = record
      if ((kind !== 'call' && kind !== 'stream') || section in SECTIONS_LEFT_OUT || request.op === undefined) continue
      const op = String(request.op)
      // The text of this request was cut in the recording, so it cannot be sent.
      if (JSON.stringify(request).includes('[cut]')) continue
      if (op in OPS_LEFT_OUT) continue
      const line = `${JSON.stringify(binding.adapt(request))}\n`
      // Of a stream only the handshake, because the events after it depend on time.
      const [answer] = kind === 'stream' ? [await handshake(simulator, line)] : await ask(simulator, line)
      const found = binding.difference(kind === 'stream' ? record.handshake : response, answer)
      compared += 1
      if (found === undefined || PARTS_LEFT_OUT.some(([name, path]) => name === op && path.test(found))) continue
      if (op === 'ping' && found.startsWith('.result.version')) continue
      differences.push(`#${n} ${section} ${op}${found}`)
    }
    expect(differences).toEqual([])
    expect(compared).toBeGreaterThan(90)
  })

  test('its raw lines are accepted and refused in the same way [cccc.simulator-framing]', async () => {
    const differences: string[] = []
    for (const record of read(file)) {
      if (record.kind !== 'raw' || record.sent === undefined || record.sent.includes('bytes total')) continue
      if (record.sent === '' || record.note?.includes('left open') || record.note?.includes('1 s after')) continue
      await using simulator = createCcccSimulator({ dialect })
      const lines = await ask(simulator, record.sent, record.note?.includes('half-closed'))
      const told = (list: readonly Loose[] = []): unknown[] => list.map(({ ok, error }) => [ok, (error as Loose | null)?.code])
      if (JSON.stringify(told(lines)) !== JSON.stringify(told(record.received_lines))) {
        differences.push(`#${record.n} ${record.note}: ${JSON.stringify(lines)}`)
      }
    }
    expect(differences).toEqual([])
  })
})
