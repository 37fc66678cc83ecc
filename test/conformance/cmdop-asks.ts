/** The asks of the CMDOP suite. */
import { AgentStreamError, PinDeniedError, PinTimeoutError, type AskFrame } from '../../src/cmdop/index.js'
import { check, checkEqual, checkRejects, simulatedId } from '../../src/testing/index.js'
import { all, M1, pause, types, type PlayCase } from './cmdop-kit.js'

export const askPlays: readonly PlayCase[] = [
  {
    id: 'cmdop.ask.collect',
    title: 'an ask collects its deltas, or the final text if there is one',
    async run({ client, relay }) {
      checkEqual(await client.machines.ask(M1, 'uptime', { sessionId: 's-1' }).collect(), 'You said: uptime')
      checkEqual(relay.ledger.at(-1)?.body.includes('"session_id":"s-1"'), true)
      const final = '[[say a]][[frame {"type":"done","success":true,"text":"the end","error":"","duration_ms":5}]]'
      checkEqual(await client.machines.ask(M1, final).collect(), 'the end')
      const mixed =
        '[[payload {"text":"x"}]][[payload {"delta":"","text":"y"}]][[payload {"delta":3}]][[payload "z"]][[payload null]]'
      checkEqual(await client.machines.ask(M1, mixed).collect(), 'xy')
    },
  },
  {
    id: 'cmdop.ask.frames',
    title: 'frames are typed, the last one is done, and done without success is not an error',
    async run({ client }) {
      const stream = client.machines.ask(M1, '[[say hi]][[payload {"tool":"df"}]][[fail disk full]]')
      const frames = await all(stream)
      checkEqual(types(frames), ['event', 'event', 'done'])
      checkEqual(frames[1], { type: 'event', eventType: 2, payload: { tool: 'df' } })
      checkEqual(frames[2], { type: 'done', success: false, text: '', error: 'disk full', durationMs: 3 })
      checkEqual([stream.done?.error, stream.abandoned], ['disk full', false])
      check(/^[0-9a-f]{32}$/.test(stream.sessionId), 'a fresh session per ask')
    },
  },
  {
    id: 'cmdop.ask.once',
    title: 'a stream is read once, and nothing is sent before it is read',
    async run({ client, relay }) {
      const stream = client.machines.ask(M1, 'x')
      await Promise.resolve()
      checkEqual(relay.ledger.length, 0)
      await checkRejects(stream.pin('c', '1'), 'invalid_argument')
      await stream.collect()
      await checkRejects(stream.collect(), 'invalid_argument')
      checkEqual(relay.ledger.length, 1, 'the prompt was sent once')
      await checkRejects(stream.pin('c', '1'), 'closed')
    },
  },
  {
    id: 'cmdop.ask.pin',
    title: 'after a wrong PIN the stream shows a denial, and after the right PIN the ask continues',
    async run({ client }) {
      const stream = client.machines.ask(M1, '[[pin 1234]][[say in]]')
      const pins = ['0000', '1234']
      const seen: AskFrame[] = []
      for await (const frame of stream) {
        seen.push(frame)
        if (frame.type === 'pin_required') await stream.pin(frame.challengeId, pins.shift() ?? '')
      }
      checkEqual(types(seen), ['pin_required', 'pin_denied', 'pin_required', 'event', 'done'])
    },
  },
  {
    id: 'cmdop.ask.pin-errors',
    title: 'too many wrong PINs and a missing PIN give different errors',
    async run({ client, pinErrors }) {
      const denied = await checkRejects(client.machines.ask(M1, '[[pin 1234]]').collect({ onPin: () => '0' }))
      const late = await checkRejects(all(client.machines.ask(M1, '[[pin-timeout]]')))
      checkEqual([denied.retryable, late.retryable], [false, false])
      if (pinErrors) {
        check(denied instanceof PinDeniedError, `PinDeniedError, not ${denied.name} ${denied.message}`)
        check(late instanceof PinTimeoutError, `PinTimeoutError, not ${late.name} ${late.message}`)
        checkEqual([denied.remoteCode, late.remoteCode], ['pin_denied', 'pin_required_timeout'])
      } else {
        check(denied instanceof AgentStreamError && late instanceof AgentStreamError, 'AgentStreamError')
        checkEqual([denied.remoteCode, late.remoteCode], ['internal', 'internal'])
      }
    },
  },
  {
    id: 'cmdop.ask.pin-upfront',
    title: 'a PIN in the options is enough, whether or not the core forwards it',
    async run({ client }) {
      checkEqual(await client.machines.ask(M1, '[[pin 1234]][[say in]]', { pin: '1234' }).collect(), 'in')
    },
  },
  {
    id: 'cmdop.ask.confirm',
    title: 'a confirmed plan continues, and a refused plan ends without success',
    async run({ client, relay }) {
      const prompt = '[[say a]][[danger rm -rf /tmp/x]][[say b]][[confirm again]][[say c]]'
      const asked: string[] = []
      const stream = client.machines.ask(M1, prompt)
      const text = await stream.collect({
        onConfirm: ({ plan, dangerLevel }) => {
          asked.push(`${plan} ${dangerLevel}`)
          return true
        },
      })
      checkEqual([text, asked], ['abc', ['rm -rf /tmp/x high', 'again medium']])
      const no = client.machines.ask(M1, prompt)
      await no.collect({ onConfirm: () => false })
      checkEqual([no.done?.success, no.done?.text], [false, 'confirm rejected'])
      check(relay.ledger.at(-1)?.body.includes('"accept":false'), 'told')
    },
  },
  {
    id: 'cmdop.ask.unattended',
    title: 'collect() fails at once at a question without a handler, and refuses the plan',
    async run({ client, relay }) {
      const pin = await checkRejects(client.machines.ask(M1, '[[pin 1]]').collect(), 'permission_denied')
      checkEqual(pin.remoteCode, 'pin_required')
      const plan = await checkRejects(client.machines.ask(M1, '[[confirm rm]]').collect(), 'permission_denied')
      checkEqual(plan.remoteCode, 'confirm_required')
      for (let turn = 0; turn < 200 && !relay.ledger.at(-1)?.path.endsWith('/confirm'); turn += 1) await pause()
      check(relay.ledger.at(-1)?.body.includes('"accept":false'), 'the plan is called off')
    },
  },
  {
    id: 'cmdop.ask.errors',
    title: 'a stream that ends in an error delivers the earlier frames, and then fails with AgentStreamError',
    async run({ client, plane }) {
      const seen: AskFrame[] = []
      const stream = client.machines.ask(M1, '[[say a]][[error machine_offline gone]]')
      const read = async () => {
        for await (const frame of stream) seen.push(frame)
      }
      const error = await checkRejects(read(), 'unavailable')
      check(error instanceof AgentStreamError, error.name)
      checkEqual([types(seen), error.retryable, error.sent], [['event'], false, 'yes'])
      const cut = await checkRejects(client.machines.ask(M1, '[[say a]][[cut]]').collect())
      check(plane === 'rest' || cut instanceof AgentStreamError, cut.name)
      const offline = await checkRejects(client.machines.ask(simulatedId(1, 2), 'x').collect())
      check(offline instanceof AgentStreamError, offline.name)
      const nobody = await checkRejects(client.machines.ask(simulatedId(1, 99), 'x').collect(), 'not_found')
      check(nobody instanceof AgentStreamError, nobody.name)
    },
  },
  {
    id: 'cmdop.ask.break',
    title: 'leaving early frees the resources of the ask, reports that the machine continues, and affects no other call',
    async run({ client }) {
      const stream = client.machines.ask(M1, '[[say a]][[hang]]')
      for await (const frame of stream) {
        checkEqual(frame.type, 'event')
        break
      }
      checkEqual([stream.abandoned, client.capabilities.cancelsAsk], [true, false])
      checkEqual((await client.machines.list()).items.length, 3)
    },
  },
  {
    id: 'cmdop.ask.abort',
    title: 'an abort ends a running ask with its reason',
    async run({ client }) {
      const abort = new AbortController()
      const seen: string[] = []
      const read = async () => {
        for await (const { type } of client.machines.ask(M1, '[[say a]][[hang]]', { signal: abort.signal })) {
          seen.push(type)
          abort.abort(new Error('enough'))
        }
      }
      const error = await checkRejects(read(), 'aborted')
      checkEqual([seen, (error.cause as Error).message, error.sent], [['event'], 'enough', 'yes'])
      await checkRejects(client.machines.list({ signal: AbortSignal.abort() }), 'aborted')
    },
  },
]
