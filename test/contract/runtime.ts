/** The contract as a program: every local transport of a runtime's entry, its children, and what it tells about them. */
import { runCases, transportContract, type CaseResult } from '../../src/testing/index.js'
import { childCases } from './children.js'
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

/** Deno opens a pair of sockets for its signals when the first child is slow to leave, and keeps it: have it before counting. */
async function settleRuntime({ subprocess }: Entry): Promise<void> {
  if (!('Deno' in globalThis)) return
  const script = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
  const link = await subprocess({ command: { file: '/bin/sh', args: ['-c', script] } }).open()
  await link.read()
  await link.close({ graceMs: 100 })
}

export interface ContractSuite {
  readonly name: string
  run(): Promise<CaseResult[]>
}

export function contractSuites(entry: Entry, self: Program): ContractSuite[] {
  const relay = { file: self.file, args: [...self.args, '--role', 'relay'] }
  const over = (name: string, make: () => ClosableContext | Promise<ClosableContext>): ContractSuite => ({
    name: `contract, ${name}`,
    async run() {
      await settleRuntime(entry)
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
    {
      name: 'contract, children',
      async run() {
        await settleRuntime(entry)
        return await runCases(childCases, { entry, self })
      },
    },
  ]
}

/** This very program, as its own child: `file` is where the bundle stands. */
export function selfProgram(file: string): Program {
  const deno = 'Deno' in globalThis ? ['run', '--allow-all', '--no-prompt', '--node-modules-dir=manual'] : []
  return { file: process.execPath, args: [...deno, file] }
}
