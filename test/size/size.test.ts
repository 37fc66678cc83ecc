/** The size budgets, measured over the built package. `npm run size` shows the table. */
import { describe, expect, it } from 'vitest'
import { USES, WITHOUT_BUDGET } from './budgets.js'
import { builtEntries, weigh } from './measure.js'

const kB = (bytes: number): string => `${Math.round(bytes / 100) / 10}`
const titleOf = (entry: string, names: readonly string[]): string => `{ ${names.join(', ')} } of ${entry}`

describe.skipIf(builtEntries.size === 0)('the built package', () => {
  it('keeps every use within its budget [size.budgets]', async () => {
    const rows: string[][] = [['use', 'minified', 'gzip -9', 'budget']]
    const over: string[] = []
    for (const { entry, names, budget } of USES) {
      const { minified, gzip } = await weigh(entry, names)
      const use = titleOf(entry, names)
      rows.push([use, kB(minified), kB(gzip), `${budget}`])
      if (gzip > budget * 1000) over.push(`${use}: ${gzip} bytes, budget ${budget} KB`)
    }
    for (const entry of builtEntries.keys()) {
      const { minified, gzip } = await weigh(entry)
      rows.push([`all of ${entry}`, kB(minified), kB(gzip), '-'])
    }
    console.log(
      `\nKB of 1,000 bytes; zod and optional peers are not counted\n${rows.map(([use = '', ...figures]) => use.padEnd(48) + figures.map((figure) => figure.padEnd(10)).join('')).join('\n')}`,
    )
    expect(over).toEqual([])
  }, 120_000)

  it('has a use with a budget for every entrypoint, or says why not [size.budgets]', () => {
    const missing = [...builtEntries.keys()].filter(
      (entry) => !WITHOUT_BUDGET.includes(entry) && !USES.some((use) => use.entry === entry),
    )
    expect(missing).toEqual([])
  })

  const leaving = USES.flatMap(({ entry, names, without = [] }) => without.map((other) => ({ entry, names, other })))
  it.each(leaving)('leaves $other out of a program that imports $names of $entry [size.tree-shaking]', async (row) => {
    const { entry, names, other } = row
    const [only, both] = await Promise.all([weigh(entry, names), weigh(entry, [...names, other])])
    // If the bundle contained the other export anyway, importing it too would add almost nothing.
    expect(both.minified - only.minified).toBeGreaterThan(300)
  })
})
