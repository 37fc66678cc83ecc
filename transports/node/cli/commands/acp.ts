import { command } from '../program/command.js'

export default command({
  examples: [
    [
      'signalbox acp --agent ccc/backend',
      'let an editor that speaks the Agent Client Protocol drive this agent; for the settings of the editor',
    ],
  ],
  args: { agent: { type: 'string', required: true, description: 'an id that `signalbox ls` prints', valueHint: 'id' } },
  async run({ agent }, { terminal, hub, signal }) {
    const [{ serveAcp }, { processStdio }] = await Promise.all([
      import('../../../../src/acp/index.js'),
      import('../../link/stdio.js'),
    ])
    const opened = await hub({ agent })
    const editor = serveAcp(opened.hub, processStdio(), { agent, by: terminal.env.USER ?? 'editor' })
    signal.addEventListener('abort', () => void editor.close(), { once: true })
    await editor.done
    return 0
  },
})
