/** A person at the playground: the page that `npm start` serves, in Chromium, makes each kind of call to each simulated system. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const room = fileURLToPath(new URL('../../playground', import.meta.url))
const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))
const built = existsSync(fileURLToPath(new URL('../../dist/web.js', import.meta.url)))
const required = process.env.SIGNALBOX_REQUIRE_ALL === '1'

/** The address with its ticket, from what the server prints; every line on its stdin asks for another. */
function nextAddress(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    server.once('exit', () => reject(new Error(`the playground ended: ${said}`)))
    server.stdout?.on('data', function hear(chunk: Buffer) {
      said += chunk.toString()
      const [address] = /http:\/\/\S+#ticket=\S+(?=\s)/.exec(said) ?? []
      if (address === undefined) return
      server.stdout?.off('data', hear)
      resolve(address)
    })
  })
}

describe.skipIf(!(executablePath && built) && !required)('the playground', () => {
  let server: ChildProcess
  let browser: Browser
  let page: Page
  const complaints: string[] = []

  beforeAll(async () => {
    await build({ configFile: `${room}/vite.config.ts`, root: room })
    server = spawn(process.execPath, [`${room}/serve.mjs`], {
      env: { ...process.env, PORT: '0' },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const address = await nextAddress(server)
    browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ['--no-sandbox', '--disable-gpu'] })
    page = await browser.newPage()
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    await page.goto(address)
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    if (!server || server.exitCode !== null) return
    const ended = new Promise((resolve) => server.once('exit', resolve))
    server.kill('SIGTERM')
    await ended
  })

  const open = async (system: string, action: string) => {
    await page.locator('#levers button', { hasText: new RegExp(`^${system}$`) }).click()
    const button = page.locator('#panel').getByRole('button', { name: action })
    await button.waitFor()
    return button
  }
  const happened = (text: string) => page.locator('#log li', { hasText: text }).last().waitFor()
  const output = () => page.locator('#panel output')
  const answers = (text: string) => output().filter({ hasText: text }).waitFor()

  test('[gateway.playground] the ticket leaves the address at once, and the page lists what is behind the gateway', async () => {
    await page.locator('body.connected').waitFor()
    expect(page.url()).not.toContain('ticket')
    expect(await page.locator('#levers button').allTextContents()).toEqual(['ccc', 'cccc', 'claude', 'cmdop', 'catsyphon'])
  })

  test('[gateway.playground] CCC: a stream of statuses, and an ask', async () => {
    const ask = await open('ccc', 'Ask')
    await happened('myproject: idle')
    await page.locator('#panel select').selectOption('myproject')
    await ask.click()
    await answers('"answered"')
  })

  test('[gateway.playground] CCCC: a message that its own stream hears', async () => {
    const send = await open('cccc', 'Send')
    await page.locator('#panel select').selectOption({ index: 0 })
    await page.locator('#panel [name=to]').fill('user')
    await send.click()
    await happened('cccc chat.message by user')
  })

  test('[gateway.playground] Claude: a permission that a person gives, and a turn to its end', async () => {
    const run = await open('claude', 'Run')
    await run.click()
    await page.locator('#question[open]').getByRole('button', { name: 'Allow' }).click()
    await answers('hello from the agent')
    await happened('claude result')
  })

  test('[gateway.playground] CMDOP: frames, and a plan that a person confirms', async () => {
    const ask = await open('cmdop', 'Ask')
    await ask.click()
    await page.locator('#question[open]').getByRole('button', { name: 'Allow' }).click()
    await answers('hello')
    await happened('cmdop: done')
  })

  test('[gateway.playground] CatSyphon: a session recorded by a page', async () => {
    const record = await open('catsyphon', 'Record')
    await record.click()
    await happened('catsyphon: recorded')
  })

  test('[gateway.playground] a reload keeps the connection of this tab, and no error is logged', async () => {
    await page.reload()
    await page.locator('body.connected').waitFor()
    expect(complaints).toEqual([])
  })
})
