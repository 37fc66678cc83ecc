/** Completion scripts. Each asks the hidden command `complete` for the words that fit, one a line. */

const BASH = `_signalbox() {
  local IFS=$'\\n'
  COMPREPLY=($(signalbox complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _signalbox signalbox
`
const ZSH = `#compdef signalbox
_signalbox() {
  local -a found
  found=("\${(@f)$(signalbox complete -- "\${words[@]:1:$((CURRENT-1))}" 2>/dev/null)}")
  compadd -a found
}
compdef _signalbox signalbox
`
const FISH = `complete -c signalbox -f -a '(signalbox complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`
const POWERSHELL = `Register-ArgumentCompleter -Native -CommandName signalbox -ScriptBlock {
  param($word, $ast, $position)
  $words = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($word -eq '') { $words += '' }
  signalbox complete '--' @words 2>$null | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
`
const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH, powershell: POWERSHELL }

export const SHELLS = Object.keys(SCRIPTS)

/** The script of a shell; undefined for an unknown one. */
export const script = (shell: string): string | undefined => (Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined)
