/** The sandbox of the CLI for commands of the shell, with the names of the CLI's settings. */

/** Which hosts and sockets a sandboxed command reaches. */
export interface SandboxNetwork {
  /** Hosts that a command may reach, such as `*.example.com`. */
  readonly allowedDomains?: readonly string[]
  /** Hosts that a command may not reach. They win. */
  readonly deniedDomains?: readonly string[]
  /** Refuses other hosts without a question. */
  readonly strictAllowlist?: boolean
  /** Takes hosts from managed settings only. */
  readonly allowManagedDomainsOnly?: boolean
  /** Unix sockets that a command may use. */
  readonly allowUnixSockets?: readonly string[]
  /** Allows all Unix sockets. */
  readonly allowAllUnixSockets?: boolean
  /** Lets a command listen on local ports. */
  readonly allowLocalBinding?: boolean
  /** macOS services that a command may look up. */
  readonly allowMachLookup?: readonly string[]
  /** The port of an HTTP proxy that the sandbox uses in place of its own. */
  readonly httpProxyPort?: number
  /** The port of a SOCKS proxy that the sandbox uses in place of its own. */
  readonly socksProxyPort?: number
  readonly [field: string]: unknown
}

/** Which files a sandboxed command reads and writes. */
export interface SandboxFilesystem {
  /** Paths that a command may write, beside the working directory. */
  readonly allowWrite?: readonly string[]
  /** Paths that a command may not write. They win. */
  readonly denyWrite?: readonly string[]
  /** Paths that a command may not read. */
  readonly denyRead?: readonly string[]
  /** Paths in a folder of `denyRead` that a command may read. */
  readonly allowRead?: readonly string[]
  /** Takes paths to read from managed settings only. */
  readonly allowManagedReadPathsOnly?: boolean
  /** Leaves files without a sandbox. */
  readonly disabled?: boolean
  readonly [field: string]: unknown
}

/** Which credentials a sandboxed command sees. */
export interface SandboxCredentials {
  /** Files that are hidden, or shown with masked values. */
  readonly files?: readonly { readonly path: string; readonly mode: 'deny' | 'mask'; readonly [field: string]: unknown }[]
  /** Variables that are hidden, or shown with masked values. */
  readonly envVars?: readonly { readonly name: string; readonly mode: 'deny' | 'mask'; readonly [field: string]: unknown }[]
  readonly [field: string]: unknown
}

/** The option `sandbox`: how the CLI shuts commands of the shell in. Other fields of the CLI's settings pass unchanged. */
export interface SandboxSettings {
  /** Turns the sandbox on. */
  readonly enabled?: boolean
  /** Fails the start when the sandbox is not available. Otherwise commands then run without it. */
  readonly failIfUnavailable?: boolean
  /** Runs a sandboxed command without a permission question. */
  readonly autoAllowBashIfSandboxed?: boolean
  /** Lets the model ask to run a command outside the sandbox. */
  readonly allowUnsandboxedCommands?: boolean
  /** Commands that always run outside the sandbox. */
  readonly excludedCommands?: readonly string[]
  /** Hosts and sockets. */
  readonly network?: SandboxNetwork
  /** Files. */
  readonly filesystem?: SandboxFilesystem
  /** Credentials. */
  readonly credentials?: SandboxCredentials
  /** Violations that are not reported, by command. */
  readonly ignoreViolations?: Readonly<Record<string, readonly string[]>>
  /** A weaker sandbox, for containers without privileges. */
  readonly enableWeakerNestedSandbox?: boolean
  readonly [field: string]: unknown
}
