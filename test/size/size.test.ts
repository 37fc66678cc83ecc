/** The size budgets, over what was built. `npm run size` shows the table. */
import { describe, expect, it } from 'vitest'
import * as root from '../../src/index.js'
import { ALONE, BUDGETS, NO_POLICY, NOT_HELD, USES } from './budgets.js'
import { builtEntries, weigh, type Weight } from './measure.js'

const kB = (bytes: number): number => Math.round(bytes / 100) / 10

describe.skipIf(builtEntries.size === 0)('what was built', () => {
  it('has a budget for every entry [size.budgets]', async () => {
    const rows: string[][] = [['entry', 'minified', 'gzip -9', 'budget', 'all parts', 'budget', 'aim']]
    const over: string[] = []
    const hold = (what: string, gzip: number, budget: number | undefined): string => {
      if (budget !== undefined && gzip > budget * 1000) over.push(`${what}: ${gzip} bytes, budget ${budget} KB`)
      return `${budget ?? '-'}`
    }
    for (const entry of builtEntries.keys()) {
      const [{ minified, gzip }, inside] = await Promise.all([weigh(entry), weigh(entry, undefined, 'inside')])
      const known = BUDGETS[entry]
      const row = [entry, `${kB(minified)}`, `${kB(gzip)}`, hold(entry, gzip, known?.budget)]
      const hasParts = inside.gzip > gzip
      row.push(...(hasParts ? [`${kB(inside.gzip)}`, hold(`${entry} with its parts`, inside.gzip, known?.whole)] : ['', '']))
      rows.push([...row, `${known?.aim ?? ''}`])
      if (!NOT_HELD.includes(entry) && (!known || (hasParts && known.whole === undefined))) over.push(`${entry} has no budget`)
    }
    console.log(
      `\nKB of 1,000 bytes, zod and optional peers counted apart, and parts that a client loads when they are needed\n${rows.map((row) => row.map((cell) => cell.padEnd(12)).join('')).join('\n')}`,
    )
    expect(over).toEqual([])
  })

  it('keeps the root small: all of it but the policies [size.budgets]', async () => {
    const { budget, policies } = NO_POLICY
    const rest = Object.keys(root).filter((name) => !policies.includes(name))
    expect(Object.keys(root)).toEqual(expect.arrayContaining([...policies]))
    const { gzip } = await weigh('.', rest)
    console.log(`the root without a policy: ${kB(gzip)} KB, budget ${budget}`)
    expect(gzip).toBeLessThanOrEqual(budget * 1000)
  })

  it.each(ALONE)('keeps $name of $entry small alone [size.budgets]', async ({ entry, name, budget }) => {
    const { gzip } = await weigh(entry, [name])
    console.log(`${name} of ${entry}: ${kB(gzip)} KB, budget ${budget}`)
    expect(gzip).toBeLessThanOrEqual(budget * 1000)
  })

  const alone = new Map<string, Promise<Weight>>()
  const weighAlone = (name: string): Promise<Weight> => {
    const known = alone.get(name) ?? weigh('.', [name])
    alone.set(name, known)
    return known
  }

  it.each(USES)('brings $name without the policies that are not used [size.tree-shaking]', async ({ name, budget, without }) => {
    const only = await weighAlone(name)
    expect(only.gzip).toBeLessThanOrEqual(budget * 1000)
    for (const other of without) {
      // Were the other one carried along anyway, asking for it too would add next to nothing.
      const both = await weigh('.', [name, other])
      expect(both.minified - only.minified, `${other} beside ${name}`).toBeGreaterThan(300)
    }
  })
})
