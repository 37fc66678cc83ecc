/** For whoever starts the CLI: a launch as a command line and an environment. Pure; clients over a gateway do without it. */
export { launchPlan, type LaunchPlan, type PrivateArgument } from './argv.js'
export { launchEnv, type LaunchEnvironment } from './launch-env.js'
export { FLAGS, OTHER_FIELDS, type FlagForm, type FlagRule } from './flags.js'
export { isAtLeast, MEASURED, parseVersion, type Version } from './version.js'
export { contentOf, launchOf } from './options.js'
export { encodeContext, type ContextEncoder } from './context.js'
