/** Functions of more than 120 lines whose comment gives no reason. A reason starts with the words "Long because". */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { root, sources } from './sources.mjs'

const MAX_LINES = 120

export function longFunctions(files = sources()) {
  return files.flatMap((file) => longIn(file, readFileSync(join(root, file), 'utf8')))
}

/** The long functions of one file, with their names and line counts. */
export function longIn(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const found = []
  const visit = (node) => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line
      const lines = source.getLineAndCharacterOfPosition(node.end).line - first + 1
      if (lines > MAX_LINES && !hasReason(node, source)) found.push({ file, line: first + 1, name: nameOf(node, source), lines })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function hasReason(node, source) {
  for (let owner = node; owner && !ts.isSourceFile(owner); owner = owner.parent) {
    const comments = ts.getLeadingCommentRanges(source.text, owner.pos) ?? []
    if (comments.some(({ pos, end }) => /Long because/.test(source.text.slice(pos, end)))) return true
    if (ts.isStatement(owner) || ts.isClassElement(owner)) return false
  }
  return false
}

function nameOf(node, source) {
  const { parent } = node
  return (node.name ?? parent?.name)?.getText(source) ?? '(a function without a name)'
}
