/**
 * Test cases that need no test runner: a name, and a function that throws on failure. They run in vitest, and without a test runner
 * in Bun, Deno, workerd and a page.
 */
import { SignalboxError, type ErrorCode } from '../errors.js'

/** A test case that needs no test runner: `run` throws if the case fails. */
export interface Case<Context> {
  /** The requirement that the case proves, for example `law.2`. */
  readonly id: string
  /** What the case proves: condition, then result. */
  readonly title: string
  /** Why the case does not apply to this context, if it does not. */
  skip?(context: Context): string | undefined
  /** Throws if the case fails. */
  run(context: Context): Promise<void>
}

/** The result of one case. */
export interface CaseResult {
  /** The id of the case. */
  readonly id: string
  /** The title of the case. */
  readonly title: string
  /** `skipped`: the case does not apply to this context. */
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** Why the case failed or was skipped. */
  readonly detail?: string
}

/**
 * Runs the cases one after the other and returns a result for each. A failing case does not stop the others.
 *
 * @example
 * import { memoryStore } from 'signalbox/store'
 * import { runCases, storeCases } from 'signalbox/testing'
 *
 * const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
 * const results = await runCases(storeCases, { store: memoryStore(), wait: sleep })
 * console.log(results.filter(({ outcome }) => outcome === 'failed'))
 */
export async function runCases<Context>(cases: readonly Case<Context>[], context: Context): Promise<CaseResult[]> {
  const results: CaseResult[] = []
  for (const { id, title, skip, run } of cases) {
    const why = skip?.(context)
    if (why !== undefined) {
      results.push({ id, title, outcome: 'skipped', detail: why })
      continue
    }
    try {
      await run(context)
      results.push({ id, title, outcome: 'passed' })
    } catch (error) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
      results.push({ id, title, outcome: 'failed', detail })
    }
  }
  return results
}

/** Thrown by `check`, `checkEqual` and `checkRejects`. */
export class CheckFailed extends Error {
  /** Always `CheckFailed`. */
  override readonly name = 'CheckFailed'
}

/** Throws `CheckFailed` unless the condition holds. */
export function check(condition: unknown, message: string): asserts condition {
  if (!condition) throw new CheckFailed(message)
}

/** Throws `CheckFailed` unless both values have the same members. A member that is undefined counts as absent. */
export function checkEqual(actual: unknown, expected: unknown, message = 'values differ'): void {
  if (!same(actual, expected)) {
    throw new CheckFailed(`${message}\n  actual:   ${show(actual)}\n  expected: ${show(expected)}`)
  }
}

/** Expects a promise to reject with a `SignalboxError` of this code, and returns the error for further checks. */
export async function checkRejects(promise: PromiseLike<unknown>, code?: ErrorCode): Promise<SignalboxError> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    if (SignalboxError.is(error, code)) return error
    throw new CheckFailed(`expected SignalboxError${code ? ` ${code}` : ''}, got ${show(error)}`)
  }
  throw new CheckFailed(`expected a rejection${code ? ` with ${code}` : ''}, got ${show(value)}`)
}

function show(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`
  try {
    const text = JSON.stringify(value) ?? String(value)
    return text.length > 600 ? `${text.slice(0, 600)}... (${text.length} characters)` : text
  } catch {
    return String(value)
  }
}

function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index])
  }
  const leftEntries = Object.entries(a).filter(([, value]) => value !== undefined)
  const right = new Map(Object.entries(b).filter(([, value]) => value !== undefined))
  return leftEntries.length === right.size && leftEntries.every(([key, value]) => right.has(key) && same(value, right.get(key)))
}
