/** Starts the page. */
import { render } from 'preact'
import { createApp } from './app/app.js'
import { Shell } from './app/shell.js'

const target = document.getElementById('app')
if (target) {
  const app = createApp()
  target.textContent = ''
  render(<Shell app={app} />, target)
  void app.start()
}
