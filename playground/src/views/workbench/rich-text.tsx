import type { ComponentChildren, JSX } from 'preact'

/** Text of an agent: paragraphs, lists, fenced code, inline code and bold. Everything else stays as it is written. Never HTML. */
export function RichText({ text }: { text: string }): JSX.Element {
  return <div class="rich">{blocks(text)}</div>
}

function blocks(text: string): ComponentChildren[] {
  return text.split(/^```[^\n]*\n?/m).map((part, at) => {
    if (at % 2 === 1) {
      return (
        <pre key={at} tabIndex={0}>
          {part.replace(/\n$/, '')}
        </pre>
      )
    }
    return part
      .split(/\n{2,}/)
      .filter((words) => words.trim() !== '')
      .map((words, index) => paragraph(words, `${at}-${index}`))
  })
}

function paragraph(words: string, key: string): JSX.Element {
  const lines = words.split('\n')
  if (lines.every((line) => /^\s*[-*] /.test(line))) {
    return (
      <ul key={key}>
        {lines.map((line, at) => (
          <li key={at}>{inline(line.replace(/^\s*[-*] /, ''))}</li>
        ))}
      </ul>
    )
  }
  return <p key={key}>{inline(words)}</p>
}

function inline(words: string): ComponentChildren[] {
  return words.split(/(`[^`\n]+`|\*\*[^*\n]+\*\*)/).map((part, at) => {
    if (part.startsWith('`') && part.length > 2) return <code key={at}>{part.slice(1, -1)}</code>
    if (part.startsWith('**') && part.length > 4) return <strong key={at}>{part.slice(2, -2)}</strong>
    return part
  })
}
