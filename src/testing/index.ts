/** The testing kit: simulators, suites and tools that need no test runner. */
export { check, CheckFailed, checkEqual, checkRejects, runCases, type Case, type CaseResult } from './case.js'
export { memoryPair, type MemoryPairOptions } from './memory-link.js'
export { memoryServer, type MemoryServer } from './memory-server.js'
export { createFakeClock, createSeededRandom, type FakeClock, type FakeClockOptions } from './clock.js'
export { storeCases, type StoreContext } from './store-suite/index.js'
export { transportContract, type ContractCase, type ContractContext, type ContractPair } from './contract/index.js'
export * from './catsyphon/index.js'
export { eachSeed, withFaults, type Fault, type FaultOptions } from './faults.js'
export {
  createRecorder,
  replayTransport,
  type RecordedLine,
  type Recorder,
  type RecorderOptions,
  type ReplayOptions,
} from './recording.js'
export * from './ccc/index.js'
export {
  createCcccSimulator,
  createCcccWebPortSimulator,
  type CcccFaults,
  type CcccSimulator,
  type CcccSimulatorOptions,
  type CcccWebPortSimulator,
  type CcccWebPortSimulatorOptions,
  type CcccWebToken,
} from './cccc/index.js'
export {
  createClaudeSimulator,
  type ClaudeSimulator,
  type ClaudeSimulatorOptions,
  type SimulatedRun,
} from './claude/simulator.js'
export { scriptedModel, type FakeBlock, type FakeModel, type FakeReply, type FakeRequest } from './claude/fake-model.js'
export { memorySessions, type SimulatedSessions } from './claude/conversation.js'
export * from './cmdop/index.js'
export { playRecording, recordingOf, type RecordedStep, type Recording as ClaudeRecording } from './claude/replay.js'
export { sessionStoreCases, type SessionStoreContext } from './claude/session-store-suite.js'
export * from './acp/index.js'
export * from './hub/index.js'
