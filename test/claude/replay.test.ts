/** Every recording of every generation, played to the client: each has a correct end, the same on the three generations. */
import { describe, expect, test } from 'vitest'
import { createFullClaude } from '../../src/claude/index.js'
import { GENERATIONS, hasOutput, indexOf, stdoutOf, type GenerationName } from './recordings.js'
import { recordedClaude } from './recorded-cli.js'

/** The events that a caller sees, in a form that does not depend on the generation. */
async function outcomeOf(version: GenerationName, name: string): Promise<string> {
  const claude = createFullClaude({
    transport: recordedClaude(version, name),
    limiter: false,
    retry: false,
    breaker: false,
    validate: 'strict',
  })
  try {
    const canUseTool = () => ({ behavior: 'allow' as const })
    const result = await claude.query('recorded', { canUseTool, timeoutMs: 2_000 }).result()
    return `text:${result.text.length > 0}`
  } catch (error) {
    return `${(error as { code: string }).code}`
  } finally {
    await claude.close()
  }
}

/** Scenarios in which a client of ours would do something else in the middle, or in which nothing was ever answered. */
const OTHER_CLIENT =
  /^(?:output-|error-4\d\d-output|no-auth-text|x-auth|stdin-pipe|sig|hang|stdout-closed|x-idle|big-line|x-kill|x-long|error-\d+-default|x-should|x-cancel|x-duplicate|queued|multi-turn$|x-error-then|x-max-|control-|hooks-sdk|interrupt|permission-cancelled|x-prompt-sugg|unknown-type|x-mcp-perm)/

/** Known differences between generations, from the reference. */
const DIFFERS: Readonly<Record<string, string>> = {
  'json-schema-invalid-schema': '2.0 writes a stack trace',
  'bad-permission-mode': 'delegate is a mode of 2.0 only',
  'blank-lines-input': 'fatal on 2.0',
  'empty-answer': 'an error on 2.0',
  'hook-events': 'the flag is unknown to 2.0',
  'permission-cancelled-by-interrupt': 'newer ones call it a success without an answer',
  'permission-deny-interrupt': 'newer ones call it a success without an answer',
  'resume-7-other-cwd': '2.1.329 finds the session',
  'slash-command-cost': 'the output is a note on 2.0',
  'slash-command-unknown': '2.0 says nothing',
  'slash-compact': 'the output is a note on 2.0',
  'unknown-type-input': 'fatal on 2.0',
  'x-agents-bad-json': 'fatal on 2.1.329',
  'x-bare': 'the flag is unknown to 2.0',
  'x-permission-mode-auto': 'a mode of 2.1',
  'x-permission-mode-manual': 'a mode of 2.1.329',
  'x-prompt-suggestions': 'the flag is unknown to 2.0',
}

describe('every recording', () => {
  test('[claude.recordings-honest] ends with a result or a typed error, the same on all generations, and passes the schemas', async () => {
    const names = new Set(GENERATIONS.flatMap((version) => Object.keys(indexOf(version))))
    const unlike: Record<string, unknown> = {}
    let played = 0
    for (const name of names) {
      if (OTHER_CLIENT.test(name)) continue
      const outcomes: Record<string, string> = {}
      for (const version of GENERATIONS) {
        const about = indexOf(version)[name]
        if (!about || (about.stdout_lines > 0 && !hasOutput(version, name))) continue
        outcomes[version] = await outcomeOf(version, name)
        played += 1
        const result = stdoutOf(version, name)
          .filter(({ type }) => type === 'result')
          .at(-1)
        if (result?.is_error === true) expect([name, outcomes[version]]).not.toEqual([name, 'text:true'])
      }
      const distinct = new Set(Object.values(outcomes))
      if (distinct.has('deadline_exceeded') || (distinct.size > 1 && DIFFERS[name] === undefined)) unlike[name] = outcomes
    }
    expect(unlike).toEqual({})
    expect(played).toBeGreaterThan(200)
  }, 120_000)
})
