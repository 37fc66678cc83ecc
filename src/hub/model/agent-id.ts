/**
 * Names one agent in the whole hub: `<source>/<native id>`, such as `ccc/backend`, `cccc/g_12:lead` or `cmdop/m-1`.
 * An agent that is reached through another hub has that hub's name in front: `laptop:ccc/backend`.
 */
export type AgentId = string
