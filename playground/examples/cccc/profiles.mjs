// Actor profiles: a preset, an actor made from it, and a secret that goes in and never comes out.  node profiles.mjs --group g_xxx
import { parseArgs } from 'node:util'
import { createCccc } from 'signalbox/cccc'
import { ccccDaemon } from 'signalbox/node'

const { values } = parseArgs({ options: { group: { type: 'string' } } })
if (!values.group) throw new Error('usage: profiles.mjs --group g_xxx')

await using client = createCccc({ transport: ccccDaemon() })
const { profile, env } = await client.profiles.upsert({
  profile: {
    name: 'Codex PTY',
    runtime: 'codex',
    runner: 'pty',
    command: ['codex', 'exec'],
    submit: 'enter',
    env: { CODEX_MODEL: 'gpt-5' },
  },
})
console.log(`${profile.id}: env stored ${env}`)
await client.actors.add({ groupId: values.group, actorId: 'reviewer', profileId: profile.id })
await client.profiles.secretUpdate({ profileId: profile.id, set: { OPENAI_API_KEY: process.env.OPENAI_API_KEY ?? 'sk-example' } })
const { keys } = await client.profiles.secretKeys({ profileId: profile.id })
console.log(`secrets: ${keys.join(', ')}`)
