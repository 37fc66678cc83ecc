/** The contract as a program: every local transport of a runtime's entry, its children, and the reported results. */
import { runCases, transportContract, type CaseResult } from '../../src/testing/index.js'
import { childCases } from './children.js'
import { socketCases } from './socket-traps.js'
import {
  acceptedContext,
  memoryContext,
  subprocessContext,
  tcpContext,
  unixContext,
  type ClosableContext,
  type Entry,
  type Program,
} from './contexts.js'

export interface ContractSuite {
  readonly name: string
  run(): Promise<CaseResult[]>
}

export function contractSuites(entry: Entry, self: Program): ContractSuite[] {
  const relay = { file: self.file, args: [...self.args, '--role', 'relay'] }
  const over = (name: string, make: () => ClosableContext | Promise<ClosableContext>): ContractSuite => ({
    name: `contract, ${name}`,
    async run() {
      await using context = await make()
      return await runCases(transportContract, context)
    },
  })
  return [
    over('memory', memoryContext),
    over('unix', () => unixContext(entry)),
    over('unix, accepted', () => acceptedContext(entry)),
    over('tcp', () => tcpContext(entry)),
    over('subprocess', () => subprocessContext(entry, relay)),
    { name: 'contract, children', run: () => runCases(childCases, { entry, self }) },
    { name: 'contract, traps of sockets', run: () => runCases(socketCases, { entry }) },
  ]
}

/** This program as its own child: `file` is the path of the bundle. */
export function selfProgram(file: string): Program {
  const deno = 'Deno' in globalThis ? ['run', '--allow-all', '--no-prompt', '--node-modules-dir=manual'] : []
  return { file: process.execPath, args: [...deno, file] }
}
