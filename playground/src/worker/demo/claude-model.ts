/** What the simulated Claude Code does with a prompt. */
import { scriptedModel, type FakeModel } from 'signalbox/testing'

export const claudeModel: FakeModel = (request) => scriptedModel(request)

/** Files that the simulated tools read and write. */
export const demoFiles = (): Map<string, string> => new Map()
