/** The checks of `npm run rules` and `npm run docs:check` find what they look for. */
import { describe, expect, test } from 'vitest'

interface Example {
  readonly file: string
  readonly line: number
  readonly code: string
}
// The scripts are plain JavaScript, so that Node runs them without a build; their types are written here.
const load = async <Module>(path: string): Promise<Module> =>
  (await import(/* @vite-ignore */ new URL(`../../scripts/${path}`, import.meta.url).href)) as Module
const { cycles } = await load<{ cycles(imports: ReadonlyMap<string, readonly string[]>): string[][] }>('rules/cycles.mjs')
const { longIn } = await load<{ longIn(file: string, text: string): unknown[] }>('rules/functions.mjs')
const { examplesIn, failedExamples, programOf } = await load<{
  examplesIn(file: string, text: string): Example[]
  programOf(entries: readonly string[], examples: readonly Example[]): { program: unknown; virtual: unknown }
  failedExamples(program: unknown, virtual: unknown): { readonly text: string }[]
}>('docs-check/examples.mjs')

describe('import cycles', () => {
  test('files that import each other through a third one are one group [package.rules]', () => {
    const imports = new Map([
      ['a.ts', ['b.ts']],
      ['b.ts', ['c.ts', 'd.ts']],
      ['c.ts', ['a.ts']],
      ['d.ts', []],
    ])
    expect(cycles(imports)).toEqual([['a.ts', 'b.ts', 'c.ts']])
  })
})

describe('long functions', () => {
  const body = Array.from({ length: 121 }, () => '  work()').join('\n')

  test('a function of more than 120 lines is reported with its name [package.rules]', () => {
    expect(longIn('x.ts', `const short = () => 1\nexport function long() {\n${body}\n}\n`)).toEqual([
      { file: 'x.ts', line: 2, name: 'long', lines: 123 },
    ])
  })

  test('a reason in its comment excuses a long function [package.rules]', () => {
    expect(longIn('x.ts', `/** Long because each op has one line. */\nexport function long() {\n${body}\n}\n`)).toEqual([])
  })
})

describe('examples', () => {
  const comment = (code: string) =>
    `/**\n * Makes one.\n *\n * @example\n${code
      .split('\n')
      .map((line) => ` * ${line}`)
      .join('\n')}\n */`

  test('the code of an example ends at the end of its comment, without the fence [package.rules]', () => {
    expect(examplesIn('x.ts', comment('```ts\nfirst()\n\nsecond()\n```'))).toEqual([
      { file: 'x.ts', line: 4, code: 'first()\n\nsecond()' },
    ])
  })

  test('an example with an error of types is reported with its line in the source [package.rules]', () => {
    const good = examplesIn('good.ts', comment('const one: number = 1\nexport { one }'))
    const bad = examplesIn('bad.ts', comment("const one: number = 'one'\nexport { one }"))
    const { program, virtual } = programOf([], [...good, ...bad])
    expect(failedExamples(program, virtual).map(({ text }) => text)).toEqual([
      expect.stringMatching(/^bad\.ts:5: .*not assignable/),
    ])
  })
})
