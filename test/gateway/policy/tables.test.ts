/** Every op, field, request type and path that a Signalbox client can send has an explicitly chosen scope. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import ts from 'typescript'
import { CATSYPHON_ROUTES } from '../../../src/catsyphon/scopes.js'
import { COMMANDS } from '../../../src/ccc/commands.js'
import { CCC_SCOPES } from '../../../src/ccc/scopes.js'
import { CCCC_RAW_OPS, ccccScopes } from '../../../src/cccc/scopes.js'
import { loadOps } from '../../../src/cccc/table.js'
import { CLAUDE_LAUNCH } from '../../../src/claude/scopes.js'
import { EnvelopeSchema } from '../../../src/cmdop/gen/cmdop/core/v1/envelope_pb.js'
import { EnvelopeSchema as EnvelopeV2Schema } from '../../../src/cmdop/gen/cmdop/core/v2/contract_pb.js'
import { REST_PATHS } from '../../../src/cmdop/rest-paths.js'
import { CMDOP_ARMS, CMDOP_LAUNCH, CMDOP_ROUTES, CMDOP_V2_ARMS } from '../../../src/cmdop/scopes.js'
import { cmdopArms } from '../../../src/gateway/policy/cmdop.js'
import { cmdopV2Arms } from '../../../src/gateway/policy/cmdop-v2.js'
import { pathClassifier, rawPolicy } from '../../../src/gateway/index.js'
import { catsyphonPolicy, cccPolicy, cmdopHttpPolicy, cmdopPolicy } from '../../../src/gateway/policy/index.js'

const source = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

describe('the tables of the policies [gateway.policy.complete]', () => {
  test('every CCCC op has a row, and no other op', () => {
    expect(Object.keys(ccccScopes()).sort()).toEqual([...loadOps().keys()].sort())
  })

  test('every CCCC op that takes over its connection is raw, except the event stream, which sends nothing more to the daemon', () => {
    const takingOver = [...loadOps().values()].filter(({ takesOver }) => takesOver).map(({ op }) => op)
    expect([...CCCC_RAW_OPS, 'events_stream'].sort()).toEqual(takingOver.sort())
    for (const op of CCCC_RAW_OPS) expect(ccccScopes()[op]).toBe('admin')
  })

  test('every CCCC op that reads a file of the machine by its path needs admin', () => {
    for (const op of ['send_files', 'presentation_publish', 'assistant_voice_document_input_read']) {
      expect(ccccScopes()[op], op).toBe('admin')
    }
  })

  test('every CCC command has a row, and no other command', () => {
    expect(Object.keys(CCC_SCOPES).sort()).toEqual(Object.keys(COMMANDS).sort())
    expect(Object.keys(CCC_SCOPES)).toHaveLength(11)
  })

  test('every field of a Claude launch has a row, and no other field', () => {
    const file = ts.createSourceFile('launch.ts', source('src/claude/launch/launch.ts'), ts.ScriptTarget.ES2023)
    const fields: string[] = []
    file.forEachChild((node) => {
      if (!ts.isInterfaceDeclaration(node) || node.name.text !== 'ClaudeLaunch') return
      for (const { name } of node.members) if (name && ts.isIdentifier(name)) fields.push(name.text)
    })
    expect(fields.length).toBeGreaterThan(50)
    expect(Object.keys(CLAUDE_LAUNCH).sort()).toEqual(fields.sort())
  })

  test('every request type of the CMDOP envelope has a row, with its number in the schema', () => {
    const payload = EnvelopeSchema.fields.filter((field) => field.oneof?.localName === 'payload')
    expect(payload.length).toBeGreaterThan(90)
    expect([...cmdopArms()].sort(([a], [b]) => a - b)).toEqual(
      payload.map(({ number, localName }) => [number, localName] as const).sort(([a], [b]) => a - b),
    )
    expect(Object.keys(CMDOP_ARMS).sort()).toEqual(payload.map(({ localName }) => localName).sort())
  })

  test('every request type of the CMDOP envelope of a core 2.0 has a row, with its number in the schema', () => {
    const payload = EnvelopeV2Schema.fields.filter((field) => field.oneof?.localName === 'payload')
    expect(payload.length).toBeGreaterThan(10)
    expect([...cmdopV2Arms]).toEqual(payload.map(({ number, localName }) => [number, localName]))
    expect(Object.keys(CMDOP_V2_ARMS).sort()).toEqual(payload.map(({ localName }) => localName).sort())
  })

  test('a client cannot set a field of the start of a core: its launch has no fields', () => {
    expect(new Set(Object.values(CMDOP_LAUNCH))).toEqual(new Set(['server-only']))
    expect(cmdopPolicy.classifyLaunch).toBeUndefined()
  })

  test('every REST path of CMDOP has a row, also a literal path that a variable path would match', () => {
    for (const [op, at] of Object.entries(REST_PATHS)) {
      const [method = '', pattern = ''] = at.split(' ')
      const path = pattern.replace(/\{\w+\}/g, 'x')
      const route = CMDOP_ROUTES.find((each) => each.method === method && each.path === pattern)
      expect(cmdopHttpPolicy.classify(method, path), op).toEqual({ name: at, needs: route?.scope })
    }
  })

  test('every path of CatSyphon has a row', () => {
    for (const { method, path, scope } of CATSYPHON_ROUTES) {
      expect(catsyphonPolicy.classify(method, path.replace(/\{\w+\}/g, 'x'))).toMatchObject({ needs: scope })
    }
  })
})

describe('a request without a row needs admin [gateway.policy.default-admin]', () => {
  test('unknown commands, paths and raw bytes need admin', () => {
    expect(cccPolicy.classify({ cmd: 'self_destruct' })).toMatchObject({ needs: 'admin' })
    expect(catsyphonPolicy.classify('GET', '/new')).toMatchObject({ needs: 'admin' })
    expect(catsyphonPolicy.classify('DELETE', '/health')).toMatchObject({ needs: 'admin' })
    expect(catsyphonPolicy.classify('GET', '/health/')).toMatchObject({ needs: 'admin' })
    expect(rawPolicy.classify(undefined)).toMatchObject({ needs: 'admin' })
  })

  test('prototype keys such as constructor are not ops', () => {
    for (const cmd of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(cccPolicy.classify({ cmd })).toMatchObject({ needs: 'admin' })
    }
  })

  test('the verdict does not repeat the requested name, which can be any text', () => {
    expect(JSON.stringify(cccPolicy.classify({ cmd: 'secret-in-the-name' }))).not.toContain('secret')
    expect(JSON.stringify(catsyphonPolicy.classify('GET', '/secret'))).not.toContain('secret')
  })

  test('a server-only name stays server-only in every spelling that a server accepts for it', () => {
    for (const path of ['/collectors', '/collectors/', '/Collectors', '/COLLECTORS//']) {
      expect(catsyphonPolicy.classify('POST', path), path).toMatchObject({ needs: 'server-only' })
    }
    expect(cmdopHttpPolicy.classify('POST', '/api/fleets/x/API-keys/')).toMatchObject({ needs: 'server-only' })
    expect(cmdopHttpPolicy.classify('GET', '/api/fleets/x/api-keys/')).toMatchObject({ needs: 'admin' })
  })

  test('a variable part of a path is one segment, and never empty', () => {
    const classify = pathClassifier([{ method: 'GET', path: '/a/{id}', scope: 'observe' }])
    expect(classify('GET', '/a/1')).toMatchObject({ needs: 'observe' })
    for (const path of ['/a/', '/a/1/', '/a/1/2', '/a', '/A/1']) expect(classify('GET', path)).toMatchObject({ needs: 'admin' })
  })
})
