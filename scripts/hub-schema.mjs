// Makes the JSON Schema of the hub's events from its TypeScript types. `npm run api` calls it.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('../', import.meta.url))
const TYPES = ['HubEvent', 'Agent', 'Capabilities', 'Ask', 'Answer', 'AnswerResult', 'HubCursor']
export const SCHEMA_PATH = 'schema/hub-v1.json'

/** The schema as text. */
export function hubSchema() {
  const entry = `${root}src/hub/index.ts`
  const { config } = ts.readConfigFile(`${root}src/tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, `${root}src`)
  const program = ts.createProgram([entry, `${root}src/globals.d.ts`], { ...options, noEmit: true })
  const checker = program.getTypeChecker()
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry))
  const exported = new Map(checker.getExportsOfModule(module).map((symbol) => [symbol.name, target(symbol)]))
  const defs = {}
  for (const name of TYPES) define(name, exported.get(name))
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:signalbox:hub:v1',
    title: 'Events, agents and asks of a Signalbox hub, version 1',
    $ref: '#/$defs/HubEvent',
    $defs: Object.fromEntries(Object.entries(defs).sort(([a], [b]) => (a < b ? -1 : 1))),
  }
  return `${JSON.stringify(schema, null, 2)}\n`

  function target(symbol) {
    return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  }
  function define(name, symbol) {
    if (defs[name]) return
    defs[name] = {}
    const text = ts.displayPartsToString(symbol.getDocumentationComment(checker))
    const made = typeSchema(checker.getDeclaredTypeOfSymbol(symbol), true)
    defs[name] = text ? { description: text, ...made } : made
  }
  /** A type with a name of its own is defined once. */
  function typeSchema(type, isDefinition = false) {
    const alias = type.aliasSymbol ?? type.symbol
    const named = alias && exported.get(alias.name) === alias ? alias.name : undefined
    if (named && !isDefinition && (type.isUnion() || type.flags & ts.TypeFlags.Object || type.isIntersection())) {
      define(named, alias)
      return { $ref: `#/$defs/${named}` }
    }
    if (type.flags & (ts.TypeFlags.Unknown | ts.TypeFlags.Any)) return {}
    if (type.flags & ts.TypeFlags.StringLiteral || type.flags & ts.TypeFlags.NumberLiteral) return { const: type.value }
    if (type.flags & ts.TypeFlags.BooleanLiteral) return { const: checker.typeToString(type) === 'true' }
    if (type.flags & ts.TypeFlags.Boolean) return { type: 'boolean' }
    if (type.flags & ts.TypeFlags.String) return { type: 'string' }
    if (type.flags & ts.TypeFlags.Number) return { type: 'number' }
    if (type.isUnion()) return unionSchema(type)
    if (checker.isArrayType(type) || checker.isTupleType(type)) {
      return { type: 'array', items: typeSchema(checker.getTypeArguments(type)[0]) }
    }
    const index = checker.getIndexInfoOfType(type, ts.IndexKind.String)
    if (index) return { type: 'object', additionalProperties: typeSchema(index.type) }
    return objectSchema(type)
  }
  function unionSchema(type) {
    const parts = type.types.filter((part) => !(part.flags & ts.TypeFlags.Undefined))
    const isBoolean = (part) => part.flags & ts.TypeFlags.BooleanLiteral
    if (parts.length === 2 && parts.every(isBoolean)) return { type: 'boolean' }
    if (parts.every((part) => part.flags & ts.TypeFlags.StringLiteral)) return { enum: parts.map(({ value }) => value).sort() }
    const rest = parts.filter((part) => !isBoolean(part))
    const booleans = parts.filter(isBoolean)
    const schemas = rest.map((part) => typeSchema(part))
    if (booleans.length === 2) schemas.push({ type: 'boolean' })
    else schemas.push(...booleans.map((part) => typeSchema(part)))
    return schemas.length === 1 ? schemas[0] : { anyOf: schemas }
  }
  function objectSchema(type) {
    const properties = {}
    const required = []
    for (const property of checker.getPropertiesOfType(type)) {
      const text = ts.displayPartsToString(property.getDocumentationComment(checker))
      const made = typeSchema(checker.getTypeOfSymbol(property))
      properties[property.name] = text ? { description: text, ...made } : made
      if (!(property.flags & ts.SymbolFlags.Optional)) required.push(property.name)
    }
    return { type: 'object', properties, ...(required.length ? { required } : {}) }
  }
}

/** Compares the stored schema with the types, or writes it anew. */
export function checkHubSchema(update) {
  const text = hubSchema()
  if (update) writeFileSync(`${root}${SCHEMA_PATH}`, text)
  else if (readFileSync(`${root}${SCHEMA_PATH}`, 'utf8') !== text) {
    console.error(`${SCHEMA_PATH} is not what the types of the hub say. Run: npm run api -- --update`)
    return false
  }
  return true
}
