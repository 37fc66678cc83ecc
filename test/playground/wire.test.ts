/** The lab in the worker and the pure parts of the wire view. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createCcc } from '../../src/ccc/index.js'
import { createCmdop } from '../../src/cmdop/index.js'
import { createCccc } from '../../src/cccc/index.js'
import {
  createCcccSimulator,
  createCccSimulator,
  createCmdopCoreSimulator,
  memoryPair,
  simulatedId,
} from '../../src/testing/index.js'
import { createLab } from '../../playground/src/worker/lab/lab.js'
import type { FromLab, ToLab } from '../../playground/src/worker/lab/messages.js'
import { createTape, type WireLink, type WireRecord } from '../../playground/src/worker/lab/tape.js'
import { createWireDecoder, filterWords, matches, type WireMessage } from '../../playground/src/views/wire/decode.js'
import { makeRecording, parseRecording, type RecordingFile } from '../../playground/src/views/wire/recording.js'
import { replay, type ReplayedLink } from '../../playground/src/views/wire/replay.js'
import { fromHex, hexDump, toHex } from '../../playground/src/views/wire/hex.js'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const about = { system: 'ccc', codec: 'ndjson', by: 'client' } as const
const linkOf = (fields: Partial<WireLink> = {}): ReadonlyMap<number, WireLink> =>
  new Map([[1, { id: 1, openedAt: 0, ...about, ...fields }]])
const decoded = (chunks: readonly Uint8Array[], fields: Partial<WireLink> = {}): WireMessage[] => {
  const decoder = createWireDecoder()
  const records = chunks.map((bytes, index): WireRecord => ({ seq: index + 1, link: 1, at: index, type: 'in', bytes }))
  return decoder.push([...records, { seq: 9, link: 1, at: 9, type: 'close', reason: 'closed by the peer' }], linkOf(fields))
}

describe('the tape', () => {
  test('keeps each chunk as it went, in both directions, and the end of the link [lab.tape]', async () => {
    const tape = createTape({ now: () => 5 })
    const [near, far] = memoryPair()
    const { link } = tape.attach(near, about)
    const sent = utf8('ask\n')
    await link.write(sent)
    // A caller may use its buffer again.
    sent.fill(0)
    await far.write(utf8('{"an'))
    expect(new TextDecoder().decode((await link.read()) ?? undefined)).toBe('{"an')
    await far.end()
    expect(await link.read()).toBeNull()
    await link.end()
    await link.closed
    await new Promise((resolve) => setTimeout(resolve))
    const { records } = tape.since(0)
    expect(records.map(({ type }) => type)).toEqual(['open', 'out', 'in', 'eof', 'end', 'close'])
    expect(records[1]).toMatchObject({ seq: 2, link: 1, at: 5, bytes: utf8('ask\n') })
    expect(tape.links()).toEqual([{ id: 1, ...about, openedAt: 5, closed: 'both directions ended' }])
  })

  test('never holds the secret of an answer, and passes it on unchanged [lab.secret]', async () => {
    const tape = createTape()
    const [near, far] = memoryPair()
    const { link } = tape.attach(near, { system: 'hub', codec: 'ndjson', by: 'client' })
    const line = '{"id":1,"method":"answer","params":{"askId":"a","answer":{"secret":"pä\\\\\\"ss 2468"}}}\n'
    await link.write(utf8(line))
    expect(new TextDecoder().decode((await far.read()) ?? undefined)).toBe(line)
    const kept = tape.since(0).records.flatMap((record) => ('bytes' in record ? [record.bytes] : []))
    expect(kept[0]).toHaveLength(utf8(line).byteLength)
    expect(new TextDecoder().decode(kept[0])).toBe(line.replace(/(?<="secret":").*(?="\}\}\})/, '*'.repeat(14)))
    await link.close()
  })

  test('is bounded by count and by bytes, and says how many entries are gone [lab.tape]', async () => {
    const tape = createTape({ maxRecords: 10, maxBytes: 10_000 })
    for (let index = 0; index < 5_000; index += 1) tape.add({ link: 1, type: 'open' })
    expect(tape.since(0).records.map(({ seq }) => seq)).toEqual([4991, 4992, 4993, 4994, 4995, 4996, 4997, 4998, 4999, 5000])
    expect(tape.since(0).dropped).toBe(4990)
    expect(tape.since(4995)).toMatchObject({ dropped: 0, records: { length: 5 } })
    expect(tape.since(5000)).toEqual({ records: [], dropped: 0 })
    for (let index = 0; index < 4; index += 1) tape.add({ link: 1, type: 'in', bytes: new Uint8Array(6_000) })
    expect(tape.since(0).records).toHaveLength(1)
    tape.clear()
    expect(tape.since(5004).records).toEqual([])
    tape.add({ link: 1, type: 'open' })
    expect(tape.since(5004).records).toHaveLength(1)
  })
})

describe('decoding', () => {
  const whole = utf8('{"cmd":"ping"}\n{"ok":true,"text":"Grüße 🚂"}\nno json\n{"cut')
  test('gives the same messages for any split, and names what is broken [lab.decode]', () => {
    const expected = [
      ['ping', 15],
      ['ok', 34],
      ['broken', 8],
      ['broken', 5],
      ['close', 0],
    ]
    for (let at = 0; at <= whole.byteLength; at += 1) {
      const rows = decoded([whole.slice(0, at), whole.slice(at)].filter(({ byteLength }) => byteLength > 0))
      expect(rows.map(({ label, size }) => [label, size])).toEqual(expected)
      expect(rows[1]?.value).toEqual({ ok: true, text: 'Grüße 🚂' })
    }
    expect(decoded([...whole].map((byte) => Uint8Array.of(byte)))[0]?.chunks).toHaveLength(15)
  })

  test('says in which chunks a message came, also if it shared them [lab.decode]', () => {
    const rows = decoded([utf8('{"a":1}\n\n{"b"'), utf8(':2}\n{"c":3}\n')])
    expect(rows.slice(0, 3).map(({ chunks }) => chunks)).toEqual([
      [{ at: 0, bytes: 8 }],
      [
        { at: 0, bytes: 4 },
        { at: 1, bytes: 4 },
      ],
      [{ at: 1, bytes: 8 }],
    ])
  })

  test('reads the recorded frames of a core, and shows bytes that are none [lab.decode]', () => {
    const samples = JSON.parse(readFileSync(new URL('../fixtures/cmdop/golden.json', import.meta.url), 'utf8')) as {
      mode: string
      hex: string
    }[]
    const exact = samples.filter(({ mode }) => mode === 'exact').map(({ hex }) => fromHex(hex) as Uint8Array)
    const rows = decoded(exact, { codec: 'cmdop-1' }).slice(0, -1)
    expect(rows.length).toBeGreaterThanOrEqual(exact.length)
    expect(rows.every(({ label }) => label !== 'broken')).toBe(true)
    expect(rows.some(({ label }) => label === 'list_machines_req')).toBe(true)
    const [noise] = decoded([utf8('\u0005panic')], { codec: 'cmdop-1' })
    expect(noise).toMatchObject({ label: 'broken', size: 6 })
  })

  test('a message with a secret is masked and keeps no bytes; any other message keeps them [lab.secret]', () => {
    const [token, answer, plain] = decoded([
      utf8('{"args":{"api_key":"sk-ant-api03-abcdefghijk"}}\n{"method":"answer","params":{"answer":{"secret":"2468"}}}\n{"a":1}\n'),
    ])
    for (const row of [token, answer]) {
      expect(row).toMatchObject({ secret: true })
      expect(row?.bytes).toHaveLength(0)
      expect(JSON.stringify(row)).not.toMatch(/abcdefghijk|2468/)
    }
    expect(plain).toMatchObject({ secret: false, value: { a: 1 } })
    expect(plain?.bytes).toEqual(utf8('{"a":1}\n'))
  })

  test('a PIN in a frame of CMDOP is masked [lab.secret]', async () => {
    const lab = createLab({ codecs: { cmdop: 'cmdop-1' } })
    const core = createCmdopCoreSimulator({ relay: { machines: 2 } })
    const cmdop = createCmdop({ transport: lab.through('cmdop', core.transport) })
    await cmdop.machines.ask(simulatedId(1, 1), '[[pin 974213]][[say in]]').collect({ onPin: () => '974213' })
    await cmdop.close()
    await core.stop()
    const links = new Map(lab.tape.links().map((link) => [link.id, link]))
    const rows = createWireDecoder().push(lab.tape.since(0).records, links)
    const pin = rows.find(({ label }) => label === 'pin_answer')
    expect(pin).toMatchObject({ type: 'out', secret: true })
    expect(JSON.stringify(pin)).not.toContain('974213')
  })

  test('a row is named by its protocol, and its text does not repeat the name [lab.decode]', () => {
    const rows = decoded([
      utf8('{"v":1,"op":"group_show","args":{"group_id":"g"}}\n{"jsonrpc":"2.0","method":"session/update","params":{}}\n'),
      utf8(
        '{"type":"stream_event","event":{"type":"content_block_delta","index":0}}\n{"type":"system","subtype":"init","cwd":"/srv"}\n',
      ),
    ])
    expect(rows.slice(0, -1).map(({ label, text }) => [label, text])).toEqual([
      ['group_show', 'args: {"group_id":"g"}'],
      ['session/update', 'params: {}'],
      ['stream content_block_delta', 'index: 0'],
      ['system init', 'cwd: /srv'],
    ])
  })

  test('a filter finds rows by words, direction and link [lab.decode]', () => {
    const [row] = decoded([utf8('{"cmd":"Send","text":"Hello there"}\n')])
    const found = (text: string): boolean => matches(row as WireMessage, filterWords(text))
    expect(['', 'hello send', 'IN ccc', 'link:1', 'there link:1'].map(found)).toEqual([true, true, true, true, true])
    expect(['out', 'link:11', 'hello absent', 'hand', 'fault'].map(found)).toEqual([false, false, false, false, false])
  })

  test('bytes become hex and hex becomes bytes [lab.decode]', () => {
    const bytes = Uint8Array.of(0, 0x41, 0xff)
    expect(toHex(bytes)).toBe('00 41 ff')
    expect(fromHex(' 0041\nFF ')).toEqual(bytes)
    expect([fromHex('0'), fromHex('zz')]).toEqual([undefined, undefined])
    expect(hexDump(utf8('0123456789abcdefX'))).toBe(
      '000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  0123456789abcdef\n000010  58                                                X',
    )
    expect(hexDump(new Uint8Array(5_000)).split('\n').at(-1)).toBe('… 904 more bytes')
  })
})

describe('the lab', () => {
  async function start() {
    const simulator = createCccSimulator({ sessions: [{ name: 'p', running: true }], timeScale: 0.001 })
    const lab = createLab()
    const ccc = createCcc({ transport: lab.through('ccc', simulator.transport) })
    const stop = async (): Promise<void> => {
      await ccc.close()
      await simulator.stop()
    }
    return { simulator, lab, ccc, stop }
  }
  const texts = (lab: ReturnType<typeof createLab>): string =>
    lab.tape
      .since(0)
      .records.map((record) => ('bytes' in record ? new TextDecoder().decode(record.bytes) : record.type))
      .join(' ')

  test('sends a message by hand on a new link, whose answer is on the tape; a closed link is refused [lab.by-hand]', async () => {
    const { lab, ccc, simulator, stop } = await start()
    await ccc.ping()
    const closed = lab.sendByHand(1, 'same', utf8('{"cmd":"ping"}\n'))
    await expect(closed).rejects.toMatchObject({ code: 'invalid_argument', sent: 'no' })
    const sent = await lab.sendByHand(1, 'new', utf8('{"cmd":"send","session":"p","text":"by hand"}\n'))
    expect(sent).toEqual({ link: 2, bytes: 46 })
    await expect.poll(() => simulator.ledger.filter(({ text }) => text === 'by hand').length).toBeGreaterThan(0)
    await expect.poll(() => texts(lab)).toContain('"message_id":')
    expect(lab.tape.links()[1]).toMatchObject({ by: 'hand' })
    await stop()
  })

  test('sends on a link that is open, and says so [lab.by-hand]', async () => {
    const { lab, ccc, stop } = await start()
    const stream = await ccc.subscribe()
    const reading = stream[Symbol.asyncIterator]().next()
    await expect.poll(() => texts(lab)).toContain('subscribed')
    const id = lab.tape.links().findLast(({ closed }) => closed === undefined)?.id ?? 0
    expect(await lab.sendByHand(id, 'same', utf8('{"cmd":"ping"}\n'))).toEqual({ link: id, bytes: 15 })
    await stream.close()
    await reading.catch(() => {})
    await stop()
  })

  test('faults are put on the next links, appear on the tape, and end [lab.faults]', async () => {
    const { lab, ccc, stop } = await start()
    lab.setFaults('ccc', 3, { reset: 100 })
    await expect(ccc.ping()).rejects.toMatchObject({ code: 'closed' })
    expect(lab.tape.since(0).records).toContainEqual(expect.objectContaining({ type: 'fault', fault: 'reset' }))
    lab.setFaults('ccc', 3, {})
    expect((await ccc.ping()).version).toBe('1.12.5')
    await stop()
  })

  test('delivers the tape over a port in batches, and answers calls with plain errors [lab.tape]', async () => {
    const { lab, ccc, stop } = await start()
    const { port1, port2 } = new MessageChannel()
    lab.serve(port2)
    const heard: FromLab[] = []
    port1.onmessage = ({ data }: MessageEvent<FromLab>) => void heard.push(data)
    const tell = (message: ToLab): void => port1.postMessage(message)
    await ccc.ping()
    tell({ type: 'watch', from: 0 })
    const records = (): WireRecord[] => heard.flatMap((one) => (one.type === 'records' ? one.records : []))
    await expect.poll(() => records().length).toBeGreaterThan(2)
    await ccc.ping()
    await expect.poll(() => records().filter(({ type }) => type === 'close')).toHaveLength(2)
    expect(records().map(({ seq }) => seq)).toEqual(records().map((_, index) => index + 1))
    tell({ type: 'send', call: 4, link: 99, where: 'new', bytes: utf8('x') })
    await expect
      .poll(() => heard.find(({ type }) => type === 'reply'))
      .toMatchObject({ call: 4, error: { code: 'invalid_argument', sent: 'no' } })
    tell({ type: 'cut', call: 5, system: 'ccc' })
    await expect.poll(() => heard.filter(({ type }) => type === 'reply')).toHaveLength(2)
    expect(heard.findLast(({ type }) => type === 'reply')).toEqual({ type: 'reply', call: 5, result: 0 })
    port1.close()
    await stop()
  })
})

describe('a recording', () => {
  async function record() {
    const lab = createLab({ codecs: { cmdop: 'cmdop-1' } })
    const ccc = createCccSimulator({ sessions: [{ name: 'p', running: true }], timeScale: 0.001 })
    const cccc = createCcccSimulator({ dialect: 'C' })
    const core = createCmdopCoreSimulator()
    await using first = createCcc({ transport: lab.through('ccc', ccc.transport) })
    await first.sessions()
    await first.send({ session: 'p', text: 'The key is sk-ant-api03-abcdefghijk, keep it.' })
    await using second = createCccc({ transport: lab.through('cccc', cccc.transport) })
    await second.groups.create({ title: 'Release' })
    await using third = createCmdop({ transport: lab.through('cmdop', core.transport) })
    await third.machines.list()
    const { records } = lab.tape.since(0)
    const links = new Map(lab.tape.links().map((link) => [link.id, link]))
    await ccc.stop()
    return { records, links }
  }
  const replayed = async (file: RecordingFile): Promise<ReplayedLink[]> => {
    const all: ReplayedLink[] = []
    for (const { system, lines } of file.recordings) await replay(system, lines, (link) => void all.push(link))
    return all
  }

  test('has whole links without secrets, lists what it lacks, and can be read back from its file [lab.recording]', async () => {
    const { records, links } = await record()
    const file = makeRecording(records, links, { now: new Date(0) })
    const text = JSON.stringify(file)
    expect(text).not.toContain('abcdefghijk')
    expect(text).toContain('[redacted]')
    expect(file.recordings.map(({ system }) => system)).toEqual(['ccc', 'cccc'])
    expect(file.missing).toEqual(['cmdop: its frames cannot be searched for secrets, so they are not recorded.'])
    expect(parseRecording(text)).toEqual(file)
    expect(makeRecording(records, links, { system: 'cccc' }).recordings).toHaveLength(1)
    // A link whose first entries have left the tape cannot be replayed.
    const late = makeRecording(records.slice(2), links)
    expect(late.missing).toContain('1 links began before the oldest entry of the tape.')
    expect(late.recordings[0]?.lines.filter(({ type }) => type === 'open')).toHaveLength(1)
  })

  test('that is no recording is explained [lab.recording]', () => {
    const wrong = [
      '{',
      '[]',
      'null',
      '{"signalbox":"recording","v":2,"recordings":[]}',
      '{"signalbox":"recording","v":1,"recordings":[{"system":"ccc","lines":[{"link":"1","type":"in"}]}]}',
    ]
    const sentences = wrong.map(parseRecording)
    expect(sentences.every((one) => typeof one === 'string')).toBe(true)
    expect(new Set(sentences).size).toBe(4)
  })

  test('is replayed: the same client says the same, and a changed line is shown [lab.replay]', async () => {
    const { records, links } = await record()
    const file = makeRecording(records, links)
    const same = await replayed(file)
    expect(same.map(({ call, outcome }) => [call, outcome])).toEqual(same.map(({ call }) => [call, 'same']))
    expect(same.map(({ call }) => call)).toEqual(expect.arrayContaining(['sessions', 'send', 'group_create']))
    expect(same.find(({ call }) => call === 'sessions')?.text).toContain('"p"')
    const changed = JSON.parse(
      JSON.stringify(file).replace('{\\"cmd\\":\\"sessions\\"}', '{\\"cmd\\": \\"sessions\\"}'),
    ) as RecordingFile
    const link = (await replayed(changed)).find(({ call }) => call === 'sessions')
    expect(link).toMatchObject({
      outcome: 'different',
      differences: [{ number: 1, recorded: '{"cmd": "sessions"}', said: '{"cmd":"sessions"}' }],
    })
    expect(link?.text).toContain('protocol')
  })

  test('of a system with one long conversation is skipped with the reason [lab.replay]', async () => {
    const all: ReplayedLink[] = []
    await replay(
      'claude',
      [
        { link: 1, type: 'open' },
        { link: 1, type: 'out', line: '{"type":"user"}' },
      ],
      (link) => void all.push(link),
    )
    expect(all).toMatchObject([{ outcome: 'skipped', differences: [] }])
  })
})
