/** The style sheets of the views. All that were visited are in the page together, so no two may use the same class for different things. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const source = (path: string): string => fileURLToPath(new URL(`../../playground/src/${path}`, import.meta.url))

/** The classes that the rules of a style sheet begin with. */
const classesOf = (path: string): ReadonlySet<string> =>
  new Set([...readFileSync(path, 'utf8').matchAll(/^\s*\.([a-z][\w-]*)/gm)].map(([, name = '']) => name))

test('no rule of a view begins with a class of another view or of the design', () => {
  const owners = new Map<string, string[]>()
  const views = readdirSync(source('views'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.css'))
  for (const [folder, files] of [
    ['design', ['components.css', 'shell.css']],
    ['views', views],
  ] as const) {
    const names = files.flatMap((file) => [...classesOf(source(`${folder}/${file}`))].map((name) => [name, file] as const))
    for (const [name, file] of names) owners.set(name, [...(owners.get(name) ?? []), file])
  }
  expect(owners.size).toBeGreaterThan(150)
  const shared = [...owners].filter(([, files]) => files.some((file) => file.includes('/')) && files.length > 1)
  expect(shared.map(([name, files]) => `${name}: ${files.join(', ')}`)).toEqual([])
})
