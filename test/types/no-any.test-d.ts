/** Checked by the compiler alone: no value that the root exports has an `any` in its type. */
import type * as root from '../../src/index.js'

type IsAny<T> = 0 extends 1 & T ? true : false

/** Looks at a value, at what a function takes and gives, at what a promise holds, and at the fields of an object. */
type Leaks<T, Depth extends readonly unknown[] = []> =
  IsAny<T> extends true
    ? true
    : Depth['length'] extends 5
      ? false
      : T extends (...args: infer Args) => infer Result
        ? true extends Leaks<Args[number], [...Depth, 1]> | Leaks<Result, [...Depth, 1]> | FieldsLeak<T, Depth>
          ? true
          : false
        : T extends Promise<infer Held> | Iterable<infer Held> | AsyncIterable<infer Held>
          ? Leaks<Held, [...Depth, 1]>
          : // Types of the standard library are skipped: the reason of a signal or a stream is `any`.
            T extends
                | AbortSignal
                | ReadableStream
                | WritableStream
                | Error
                | string
                | number
                | bigint
                | boolean
                | symbol
                | null
                | undefined
            ? false
            : FieldsLeak<T, Depth>

type FieldsLeak<T, Depth extends readonly unknown[]> = true extends {
  [Key in Exclude<keyof T, keyof ErrorConstructor>]: Leaks<T[Key], [...Depth, 1]>
}[Exclude<keyof T, keyof ErrorConstructor>]
  ? true
  : false

type Root = typeof root
type Leaking = { [Name in keyof Root]: Leaks<Root[Name]> extends true ? Name : never }[keyof Root]

const clean: [Leaking] extends [never] ? true : Leaking = true
void clean

// The check finds an `any`.
type Bad = { readonly deep: (input: string) => Promise<{ readonly found: ReturnType<typeof JSON.parse> }> }
const found: Leaks<Bad> = true
const parameter: Leaks<(input: Parameters<typeof JSON.stringify>[0]) => void> = true
const fine: Leaks<(input: unknown) => Promise<string>> = false
void [found, parameter, fine]
