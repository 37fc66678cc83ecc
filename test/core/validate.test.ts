import { describe, expect, it, vi } from 'vitest'
import * as z from 'zod/mini'
import { validated } from '../../src/core/validate.js'

const schema = z.object({ name: z.string() })

describe('validated', () => {
  it('gives the observer the path and not the value, and delivers the answer unchanged', () => {
    const onInvalid = vi.fn()
    const answer = { name: 7_654_321 }
    expect(validated(schema, answer, { validate: 'warn', op: 'who', onInvalid })).toBe(answer)
    expect(onInvalid).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ type: 'invalid', op: 'who', path: 'name' }))
    expect(JSON.stringify(onInvalid.mock.calls)).not.toContain('7654321')
  })

  it('delivers the answer even if the observer throws', () => {
    const onInvalid = () => {
      throw new Error('the observer is broken')
    }
    const answer = { name: 7 }
    expect(validated(schema, answer, { validate: 'warn', op: 'who', onInvalid })).toBe(answer)
  })

  it('throws under strict, without a call of the observer', () => {
    const onInvalid = vi.fn()
    expect(() => validated(schema, { name: 7 }, { validate: 'strict', op: 'who', onInvalid })).toThrow(
      expect.objectContaining({ code: 'invalid_message', sent: 'yes' }),
    )
    expect(onInvalid).not.toHaveBeenCalled()
  })
})
