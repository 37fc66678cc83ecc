/** A PTY actor that runs `cat`: input comes back twice, as the echo and as the output. */
import { encodeNdjson } from '../../core/codec/ndjson.js'
import type { Loose } from '../../cccc/shapes.js'
import type { Link } from '../../transport.js'
import { findActor } from './actors.js'
import { required, SimRefusal, text, type World } from './world.js'

const encoder = /* @__PURE__ */ new TextEncoder()

interface Screen {
  backlog: string
  /** The first attached client types. The others only watch. */
  readonly attached: Link[]
}

export interface Terminals {
  /** Checks, answers, and carries bytes until either side ends. */
  attach(world: World, link: Link, args: Loose): Promise<void>
  resize(world: World, args: Loose): Loose
}

export function createTerminals(): Terminals {
  const screens = new Map<string, Screen>()

  const check = (world: World, args: Loose): string => {
    required(args, 'group_id', 'actor_id')
    const group = world.group(args)
    const id = text(args, 'actor_id')
    const actor = findActor(group, id)
    // The oldest dialect gives one error for all these cases.
    const refuse = (code: string, message: string, details: Loose = {}): never => {
      throw world.dialect === 'A'
        ? new SimRefusal('actor_not_running', 'actor is not running')
        : new SimRefusal(code, message, details)
    }
    if (!actor) return refuse('actor_not_found', `actor not found: ${id}`)
    if (actor.runner !== 'pty') {
      const details = { runner: actor.runner, runner_effective: actor.runner }
      refuse('not_pty_actor', 'terminal attach is only available for PTY actors', details)
    }
    if (!actor.running) refuse('actor_not_running', 'actor is not running')
    return `${group.id}/${id}`
  }

  return {
    async attach(world, link, args) {
      const key = check(world, args)
      const screen = screens.get(key) ?? { backlog: '', attached: [] }
      screens.set(key, screen)
      const writable = screen.attached.length === 0
      const newer = world.dialect === 'C' ? { terminal_mode: 'control', terminal_writable: writable, writer_replaced: false } : {}
      const result = { group_id: text(args, 'group_id'), actor_id: text(args, 'actor_id'), ...newer }
      const head = encodeNdjson({ v: 1, ok: true, result, error: null })
      const past = encoder.encode(screen.backlog)
      // One write for the answer and the screen, as they often arrive together.
      const first = new Uint8Array(head.byteLength + past.byteLength)
      first.set(head)
      first.set(past, head.byteLength)
      screen.attached.push(link)
      await link.write(first)
      const decoder = new TextDecoder()
      let line = ''
      try {
        for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) {
          if (screen.attached[0] !== link) continue
          let shown = ''
          for (const character of decoder.decode(chunk, { stream: true })) {
            const echoed = character === '\r' ? '\r\n' : character
            line += echoed
            shown += echoed
            if (character !== '\r') continue
            shown += line
            line = ''
          }
          screen.backlog += shown
          const bytes = encoder.encode(shown)
          await Promise.all(screen.attached.map((each) => each.write(bytes.slice()).catch(() => {})))
        }
      } finally {
        screen.attached.splice(screen.attached.indexOf(link), 1)
        await link.close()
      }
    },
    resize(world, args) {
      required(args, 'group_id', 'actor_id')
      const { cols, rows } = args
      if (typeof cols !== 'number' || typeof rows !== 'number' || cols < 10 || rows < 2) {
        const size = `cols=${String(cols)} rows=${String(rows)}`
        throw new SimRefusal('invalid_size', world.dialect === 'C' ? `invalid terminal size: ${size}` : `${size} too small`)
      }
      world.group(args)
      return { group_id: text(args, 'group_id'), actor_id: text(args, 'actor_id'), cols, rows }
    },
  }
}
