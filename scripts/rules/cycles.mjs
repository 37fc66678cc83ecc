/** Import cycles: groups of files that import each other, directly or through others. Imports of types count. */
import { readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import ts from 'typescript'
import { root, sources } from './sources.mjs'

/** Every file with the files that it imports. */
export function importsOf(files = sources()) {
  const known = new Set(files)
  return new Map(
    files.map((file) => {
      const { importedFiles } = ts.preProcessFile(readFileSync(join(root, file), 'utf8'), true, true)
      const targets = importedFiles
        .map(({ fileName }) => posix.normalize(`${dirname(file)}/${fileName}`).replace(/\.js$/, '.ts'))
        .filter((target) => known.has(target))
      return [file, [...new Set(targets)]]
    }),
  )
}

/** Strongly connected groups of more than one file, by Tarjan's algorithm. */
export function cycles(imports) {
  const index = new Map()
  const low = new Map()
  const stack = []
  const groups = []
  const visit = (file) => {
    index.set(file, index.size)
    low.set(file, index.get(file))
    stack.push(file)
    for (const target of imports.get(file) ?? []) {
      if (!index.has(target)) visit(target)
      if (stack.includes(target)) low.set(file, Math.min(low.get(file), low.get(target)))
    }
    if (low.get(file) !== index.get(file)) return
    const group = stack.splice(stack.indexOf(file))
    if (group.length > 1) groups.push(group.sort())
  }
  for (const file of imports.keys()) if (!index.has(file)) visit(file)
  return groups
}
