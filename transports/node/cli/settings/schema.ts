/** The configuration file of the program, checked as a whole: a misspelt name is an error. It holds no secret. */
import * as z from 'zod/mini'

const text = z.string().check(z.minLength(1))
const count = z.int().check(z.positive())
const optionalText = z.optional(text)

/** A value with the text that an editor shows for it. */
const told = <Schema extends z.ZodMiniType>(schema: Schema, description: string): Schema => {
  z.globalRegistry.add(schema, { description })
  return schema
}

const ccc = z.strictObject({ socket: told(z.optional(text), 'The socket of the server. Default ~/.ccc.sock.') })
const cccc = z.strictObject({ home: told(z.optional(text), 'The home of the daemon. Default: CCCC_HOME, or ~/.cccc.') })
const claude = z.strictObject({
  path: told(z.optional(text), 'The executable. Default: `claude` in PATH.'),
  cwd: told(z.optional(text), 'The folder in which it works.'),
  model: told(z.optional(text), 'The model of new sessions.'),
})
const cmdop = z.strictObject({ binaryPath: told(z.optional(text), 'The executable of the core.') })
const acp = z.strictObject({
  name: text,
  command: text,
  args: z.optional(z.array(z.string())),
  cwd: text,
})

/** `false` leaves a system out even where it is found; an object says where it is; left out, it is used where it is found. */
const choice = <Shape extends z.ZodMiniType>(shape: Shape) => z.optional(z.union([z.literal(false), shape]))

const policy = z.strictObject({
  match: z.strictObject({
    system: optionalText,
    agent: optionalText,
    kind: z.optional(z.enum(['permission', 'question', 'confirm', 'secret'])),
    tool: optionalText,
    path: optionalText,
  }),
  then: z.enum(['allow', 'deny', 'ask']),
  note: optionalText,
})

export const Settings = z.strictObject({
  /** The address of the schema, for editors. */
  $schema: optionalText,
  sources: z.optional(
    z.strictObject({
      ccc: choice(ccc),
      cccc: choice(cccc),
      claude: choice(claude),
      cmdop: choice(cmdop),
      acp: told(z.optional(z.array(acp)), 'Agents that speak the Agent Client Protocol, each started as a process.'),
    }),
  ),
  hub: z.optional(
    z.strictObject({
      folder: told(optionalText, 'The folder of the hub: journal and socket. Default ~/.signalbox/hub.'),
      socket: told(optionalText, 'The socket of the hub. Default hub.sock in its folder.'),
      keepEvents: told(z.optional(count), 'The most events of the journal of `signalbox up`. Default 200,000.'),
    }),
  ),
  policy: told(z.optional(z.array(policy)), 'Rules that answer questions. The first rule that matches decides.'),
  gateway: z.optional(
    z.strictObject({
      port: z.optional(z.int().check(z.nonnegative(), z.lte(65_535))),
      scopes: z.optional(z.array(z.enum(['observe', 'send', 'approve', 'admin']))),
      allowedOrigins: z.optional(z.array(text)),
    }),
  ),
})
export type Settings = z.infer<typeof Settings>

/** The JSON Schema of the file, for editors. */
export const settingsJsonSchema = (): unknown => z.toJSONSchema(Settings, { io: 'input' })
