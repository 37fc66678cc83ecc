/** Structured output: converts the caller's schema for the CLI, and checks the output. */
import { ClaudeError } from '../messages/errors.js'
import type { StandardSchema } from '../tools/mcp.js'

/**
 * The schema of the answer: a JSON schema, or a schema of zod 4.2 or later, or of another library that offers Standard JSON Schema. With
 * a library's schema the result is checked and typed.
 */
export type OutputSchema<Output = unknown> = StandardSchema<Output> | Readonly<Record<string, unknown>>

const isStandard = (schema: OutputSchema): schema is StandardSchema => '~standard' in schema

/** The JSON schema for `--json-schema`. `$schema` is left out, because CLI 2.1 refuses a schema that has it. */
export function outputJsonSchema(schema: OutputSchema): Readonly<Record<string, unknown>> {
  if (!isStandard(schema)) return withoutDialect(schema)
  const converted = schema['~standard'].jsonSchema?.output?.({ target: 'draft-07' })
  if (converted) return withoutDialect(converted)
  throw new ClaudeError({
    code: 'invalid_argument',
    message: 'outputSchema cannot be written as a JSON schema by its library.',
    hint: "Pass a JSON schema, for instance z.toJSONSchema(schema); of zod's two entrypoints only 'zod' has Standard JSON Schema.",
    op: 'query',
  })
}

export function withoutDialect({ $schema: _, ...schema }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return schema
}

/** The output as the schema's library returns it. Throws when the library refuses a value that the CLI accepted. */
export async function checkedOutput<Output>(schema: OutputSchema<Output>, value: unknown): Promise<Output> {
  if (!isStandard(schema)) return value as Output
  const checked = await (schema as StandardSchema<Output>)['~standard'].validate(value)
  if (checked.issues === undefined) return checked.value
  const [first] = checked.issues
  throw new ClaudeError({
    code: 'invalid_message',
    message: `The structured output does not match outputSchema: ${first?.message ?? 'it was refused'}.`,
    remoteCode: 'structured_output_refused',
    sent: 'yes',
    op: 'query',
  })
}
