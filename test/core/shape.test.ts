import { describe, expect, it } from 'vitest'
import { boolean, list, number, object, optional, schemaOf, string } from '../../src/core/shape.js'

const session = object({ name: string, active: optional(boolean), messages: optional(list(object({ id: number }))) })

describe('shapes', () => {
  it('a value with all fields and some unknown ones fits [core.shape]', () => {
    expect(session({ name: 'a', active: true, messages: [{ id: 1, more: null }], newer: {} })).toBeUndefined()
    expect(session({ name: 'a' })).toBeUndefined()
  })

  it.each([
    [null, [], 'expected an object, found null'],
    [[], [], 'expected an object, found a list'],
    [{}, ['name'], 'expected string, found undefined'],
    [{ name: 1 }, ['name'], 'expected string, found number'],
    [{ name: 'a', active: null }, ['active'], 'expected boolean, found null'],
    [{ name: 'a', messages: {} }, ['messages'], 'expected a list, found object'],
    [{ name: 'a', messages: [{ id: 1 }, { id: '2' }] }, ['messages', 1, 'id'], 'expected number, found string'],
  ])('%j does not fit, and the mismatch names the path and the types but not the value [core.shape]', (value, path, message) => {
    expect(session(value)).toEqual({ path, message })
    expect(schemaOf(session).safeParse(value)).toEqual({ success: false, error: { issues: [{ path, message }] } })
  })
})
