import { SHELLS, script } from '../program/completion-scripts.js'
import { command } from '../program/command.js'

export default command({
  examples: [
    ['source <(signalbox completion bash)', 'bash; put it in ~/.bashrc'],
    ['signalbox completion zsh > ~/.zfunc/_signalbox', 'zsh; ~/.zfunc must be in fpath'],
    ['signalbox completion fish > ~/.config/fish/completions/signalbox.fish', 'fish'],
    ['signalbox completion powershell | Out-String | Invoke-Expression', 'PowerShell'],
  ],
  args: { shell: { type: 'positional', required: true, description: SHELLS.join(', ') } },
  async run({ shell }, { terminal }) {
    const text = script(shell)
    if (text === undefined) {
      terminal.err(`There is no completion for "${shell}". Known are ${SHELLS.join(', ')}.\n`)
      return 2
    }
    terminal.out(text)
    return 0
  },
})
