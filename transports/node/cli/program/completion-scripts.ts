/** Completion scripts. Each asks the hidden command `complete` for the words that fit, one a line. */

// bash also splits words at colons, and ids have colons. So the script splits the line itself, and removes the part of the last word up to
// its last colon from the answers.
const BASH = `_signalbox() {
  local line="\${COMP_LINE:0:COMP_POINT}" IFS=$' \\t' words current typed
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  current="\${words[\${#words[@]}-1]}"
  typed="\${current%"\${current##*:}"}"
  IFS=$'\\n'
  COMPREPLY=($(signalbox complete -- "\${words[@]:1}" 2>/dev/null))
  COMPREPLY=("\${COMPREPLY[@]#"$typed"}")
}
complete -o default -F _signalbox signalbox
`
// Sourced, the script registers the function. In a folder of fpath, the file is the body of the function itself.
const ZSH = `#compdef signalbox
_signalbox() {
  local -a found
  found=("\${(@f)$(signalbox complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found" ]]; then compadd -a found; else _files; fi
}
if [[ "\${funcstack[1]}" == _signalbox ]]; then _signalbox "$@"; else compdef _signalbox signalbox; fi
`
const FISH = `complete -c signalbox -f -a '(signalbox complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
complete -c signalbox -n '__fish_seen_subcommand_from record replay' -F
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
