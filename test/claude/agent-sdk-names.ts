/** Reads the names of the agent SDK from its type file. Only names: the file itself is not part of this repository. */

/** The names of one version of the agent SDK. */
export interface AgentSdkNames {
  /** Exported types and values. */
  readonly exports: readonly string[]
  /** The members of the union of messages. */
  readonly messages: readonly string[]
  /** The keys of the options. */
  readonly options: readonly string[]
  /** The methods of a query. */
  readonly query: readonly string[]
  /** The hook events. */
  readonly hooks: readonly string[]
  /** The fields of an agent. */
  readonly agent: readonly string[]
  /** The control requests of the control protocol that are in the types. */
  readonly controls: readonly string[]
}

/** The lines of a declaration, comments left out. */
function body(source: string, head: string): string {
  const start = source.indexOf(head)
  if (start === -1) throw new Error(`The type file has no "${head}".`)
  return source.slice(start, source.indexOf('\n}', start))
}

const keysOf = (text: string): string[] => [...text.matchAll(/^ {4}(\w+)\??[:(]/gm)].map(([, name]) => name as string)

/** The names in the text of `sdk.d.ts`. */
export function agentSdkNames(text: string): AgentSdkNames {
  const source = text.replace(/\/\*[\s\S]*?\*\//g, '')
  const listed = (head: RegExp): string[] => [...(head.exec(source)?.[1] ?? '').matchAll(/\w+/g)].map(([name]) => name)
  return {
    exports: [...source.matchAll(/^export declare (?:abstract )?(?:type|interface|function|class|const) (\w+)/gm)]
      .map(([, name]) => name as string)
      .sort(),
    messages: listed(/^export declare type SDKMessage = ([^;]+);/m),
    options: keysOf(body(source, 'export declare type Options = {')).sort(),
    query: keysOf(body(source, 'export declare interface Query ')).sort(),
    hooks: listed(/^export declare const HOOK_EVENTS: readonly \[([^\]]+)\]/m),
    agent: keysOf(body(source, 'export declare type AgentDefinition = {')).sort(),
    controls: [...source.matchAll(/^declare type SDK\w+Request = \{\s+subtype: '(\w+)'/gm)]
      .map(([, name]) => name as string)
      .sort(),
  }
}
