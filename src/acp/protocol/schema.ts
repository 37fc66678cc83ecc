/**
 * Schemas of the messages that the client side reads and writes, protocol version 1. Objects are loose: unknown members stay. Optional
 * members may be null, because the protocol treats null like a missing member.
 */
import * as z from 'zod/mini'

const maybe = <Schema extends z.core.$ZodType>(schema: Schema) => z.optional(z.nullable(schema))
const text = z.string()

/** One block of content. Known types are told apart by `type`; unknown ones pass. */
export const ContentBlock = z.looseObject({
  type: text,
  text: maybe(text),
  uri: maybe(text),
  name: maybe(text),
  data: maybe(text),
  mimeType: maybe(text),
  resource: maybe(z.looseObject({ uri: text, text: maybe(text), blob: maybe(text), mimeType: maybe(text) })),
})
export type ContentBlock = z.infer<typeof ContentBlock>

const Implementation = z.looseObject({ name: text, title: maybe(text), version: maybe(text) })
const Flag = maybe(z.looseObject({}))

export const InitializeResponse = z.looseObject({
  protocolVersion: z.number(),
  agentInfo: maybe(Implementation),
  authMethods: maybe(z.array(z.looseObject({ id: text, name: maybe(text), description: maybe(text) }))),
  agentCapabilities: maybe(
    z.looseObject({
      loadSession: maybe(z.boolean()),
      promptCapabilities: maybe(
        z.looseObject({ image: maybe(z.boolean()), audio: maybe(z.boolean()), embeddedContext: maybe(z.boolean()) }),
      ),
      sessionCapabilities: maybe(z.looseObject({ list: Flag, resume: Flag, close: Flag, fork: Flag, additionalDirectories: Flag })),
    }),
  ),
})
export type InitializeResponse = z.infer<typeof InitializeResponse>

export const NewSessionResponse = z.looseObject({ sessionId: text })

export const ListSessionsResponse = z.looseObject({
  sessions: z.array(z.looseObject({ sessionId: text, cwd: maybe(text), title: maybe(text), updatedAt: maybe(text) })),
  nextCursor: maybe(text),
})

const Count = maybe(z.number())

export const PromptResponse = z.looseObject({
  stopReason: text,
  // Not part of the stable protocol, but sent by agents that count tokens.
  usage: maybe(
    z.looseObject({
      inputTokens: Count,
      outputTokens: Count,
      thoughtTokens: Count,
      cachedReadTokens: Count,
      cachedWriteTokens: Count,
    }),
  ),
})
export type PromptResponse = z.infer<typeof PromptResponse>

const Location = z.looseObject({ path: text })

export const ToolCallContent = z.looseObject({
  type: text,
  content: maybe(ContentBlock),
  path: maybe(text),
  oldText: maybe(text),
  newText: maybe(text),
  terminalId: maybe(text),
})
export type ToolCallContent = z.infer<typeof ToolCallContent>

/** A tool call, or a change of one. */
export const ToolCallUpdate = z.looseObject({
  toolCallId: text,
  title: maybe(text),
  name: maybe(text),
  kind: maybe(text),
  status: maybe(text),
  content: maybe(z.array(ToolCallContent)),
  locations: maybe(z.array(Location)),
  rawInput: z.optional(z.unknown()),
  rawOutput: z.optional(z.unknown()),
})
export type ToolCallUpdate = z.infer<typeof ToolCallUpdate>

export const RequestPermission = z.looseObject({
  sessionId: text,
  toolCall: ToolCallUpdate,
  options: z.array(z.looseObject({ optionId: text, name: text, kind: text })),
})
export type RequestPermission = z.infer<typeof RequestPermission>

const Choice = z.looseObject({ const: text, title: maybe(text), description: maybe(text) })

/** One field of an elicitation form. */
export const FormField = z.looseObject({
  type: text,
  title: maybe(text),
  description: maybe(text),
  enum: maybe(z.array(text)),
  oneOf: maybe(z.array(Choice)),
  items: maybe(z.looseObject({ enum: maybe(z.array(text)), anyOf: maybe(z.array(Choice)) })),
})
export type FormField = z.infer<typeof FormField>

export const CreateElicitation = z.looseObject({
  mode: text,
  message: maybe(text),
  sessionId: maybe(text),
  toolCallId: maybe(text),
  elicitationId: maybe(text),
  url: maybe(text),
  requestedSchema: maybe(
    z.looseObject({
      title: maybe(text),
      description: maybe(text),
      required: maybe(z.array(text)),
      properties: maybe(z.record(text, FormField)),
    }),
  ),
})
export type CreateElicitation = z.infer<typeof CreateElicitation>
