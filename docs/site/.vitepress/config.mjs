// The site's navigation. Search is local: nothing is asked of a server.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const pages = fileURLToPath(new URL('..', import.meta.url))
const has = (name) => readdirSync(pages).includes(`${name}.md`)
const titleOf = (name) => /^# (.+)$/m.exec(readFileSync(`${pages}/${name}.md`, 'utf8'))?.[1] ?? name
const group = (text, names) => ({ text, items: names.filter(has).map((name) => ({ text: titleOf(name), link: `/${name}` })) })

const groups = [
  ['Systems', ['ccc', 'cccc', 'claude', 'catsyphon', 'cmdop']],
  ['Above the clients', ['hub', 'acp', 'command-line', 'gateway', 'security', 'many-machines']],
  ['Foundations', ['transports', 'web', 'errors', 'policies', 'stores', 'codecs', 'link-protocol', 'testing']],
  ['The project', ['architecture', 'performance', 'sizes', 'dependencies', 'migrating', 'changelog', 'contributing']],
]
const listed = new Set([...groups.flatMap(([, names]) => names), 'index', 'security'])
const rest = readdirSync(pages)
  .filter((file) => file.endsWith('.md'))
  .map((file) => file.slice(0, -3))
  .filter((name) => !listed.has(name))

export default {
  title: 'Signalbox',
  description: 'One TypeScript SDK for every coding agent you run.',
  cleanUrls: true,
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Start', link: '/' },
      { text: 'API reference', link: '/api/' },
    ],
    sidebar: [
      ...groups.map(([text, names]) => group(text, names)),
      ...(rest.length > 0 ? [group('More', rest)] : []),
      { text: 'API reference', items: [{ text: 'All entrypoints', link: '/api/' }] },
    ],
  },
}
