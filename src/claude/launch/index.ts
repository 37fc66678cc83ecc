/** A launch of the CLI as plain data, and the pure functions that turn it into a command line and an environment. */
export {
  PERMISSION_MODES,
  PermissionMode,
  type AgentDefinition,
  type ClaudeAuth,
  type ClaudeLaunch,
  type MCPServerConfig,
  type PermissionModeName,
} from './launch.js'
export type { SandboxCredentials, SandboxFilesystem, SandboxNetwork, SandboxSettings } from './sandbox.js'
export { launchPlan, type LaunchPlan, type PrivateArgument } from './argv.js'
export { launchEnv, type LaunchEnvironment } from './environment.js'
export { FLAGS, OTHER_FIELDS, type FlagForm, type FlagRule } from './flags.js'
export { formatVersion, isAtLeast, MEASURED, parseVersion, type Version } from './version.js'
