/** The wire view in Chromium: in the demo, and behind a gateway. */
import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serveGatewayWorld } from './gateway.js'
import { buildPage, canRun, launch, openPage, serveFolder, shoot, violations, type Served } from './harness.js'

describe.skipIf(!canRun)('the wire view', () => {
  let folder: string
  let served: Served
  let browser: Browser
  beforeAll(async () => {
    folder = await buildPage('wire')
    served = await serveFolder(folder)
    browser = await launch()
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await served?.[Symbol.asyncDispose]()
  })

  const open = async (page: Page): Promise<void> => {
    await page.goto(`${served.url}#/wire`)
    await page.locator('[data-message]').first().waitFor()
  }
  const filter = (page: Page, text: string): Promise<void> => page.locator('[data-action=filter]').fill(text)
  const total = async (page: Page): Promise<number> => Number(await page.locator('.wire-list').getAttribute('data-total'))

  test('shows the messages of the demo decoded and as bytes, and finds them by words [lab.page.wire]', async () => {
    const { page, complaints } = await openPage(browser)
    await open(page)
    await expect.poll(() => total(page)).toBeGreaterThan(60)
    // However many rows there are, only those in sight are in the page.
    expect(await page.locator('[data-message]').count()).toBeLessThan(80)
    await page.locator('[data-action=pause]').click()
    await filter(page, 'ccc out sessions')
    await page.locator('[data-message]').first().click()
    expect(await page.locator('[data-decoded]').textContent()).toContain('"cmd": "sessions"')
    expect(await page.locator('[data-type=in]').count()).toBe(0)
    await page.locator('[data-action="tab:hex"]').click()
    expect(await page.locator('[data-hex]').textContent()).toContain('7b 22 63 6d 64 22 3a 22')
    await filter(page, 'cmdop list_machines_req')
    await page.locator('.wire-list').focus()
    await page.keyboard.press('Home')
    await page.locator('[data-action="tab:decoded"]').click()
    expect(await page.locator('[data-decoded]').textContent()).toContain('KIND_REQUEST')
    await filter(page, 'no such word')
    await page.locator('[data-empty]').waitFor()
    await page.locator('[data-action=no-filter]').click()
    await page.locator('[data-message]').first().waitFor()
    expect(await violations(page)).toEqual([])
    await shoot(page, 'wire-light')
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('edits a message and sends it on a new link, and the answer is in the list [lab.page.wire]', async () => {
    const { page, complaints } = await openPage(browser, { theme: 'dark' })
    await open(page)
    await expect.poll(() => total(page)).toBeGreaterThan(40)
    await filter(page, 'ccc out sessions')
    await page.locator('[data-message]').first().click()
    await page.locator('[data-action="tab:send"]').click()
    await page.locator('[data-action=edit]').fill('{"cmd":"ping"}')
    await page.locator('[data-action=send-new]').click()
    const link = await page.locator('[data-sent-by-hand]').getAttribute('data-sent-by-hand')
    expect(await page.locator('[data-sent-by-hand]').textContent()).toContain('Written is not carried out')
    await filter(page, `link:${link} in`)
    await expect.poll(() => page.locator('.wire-list').textContent()).toContain('1.12.5')
    // The link of the chosen message is closed: CCC takes a connection for each call.
    expect(await violations(page)).toEqual([])
    await shoot(page, 'wire-send-dark')
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('exports a recording without secrets, imports it and replays it against the client [lab.page.wire]', async () => {
    const { page, complaints } = await openPage(browser)
    await open(page)
    await expect.poll(() => total(page)).toBeGreaterThan(60)
    await page.locator('[data-action=system]').selectOption('ccc')
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('[data-action=export]').click()])
    const path = await download.path()
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ signalbox: 'recording', recordings: [{ system: 'ccc' }] })
    await page.locator('[data-action=import-file]').setInputFiles(path)
    await page.locator('[data-action=replay]').click()
    await expect.poll(() => page.locator('[data-outcome=same]').count(), { timeout: 30_000 }).toBeGreaterThan(2)
    await expect.poll(() => page.locator('[data-replayed]').textContent(), { timeout: 60_000 }).toContain('the same')
    expect(await page.locator('[data-outcome=different]').allTextContents()).toEqual([])
    await shoot(page, 'wire-replay-light')
    await page.locator('[data-action=close-recording]').click()
    await page
      .locator('[data-action=import-file]')
      .setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer: Buffer.from('{}') })
    expect(await page.locator('[data-error=invalid_argument]').textContent()).toContain('no recording')
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('breaks the links of a system, shows each fault, and mends them [lab.page.wire]', async () => {
    const { page, complaints } = await openPage(browser, { phone: true })
    await open(page)
    await page.locator('[data-action=break-system]').selectOption('ccc')
    await page.locator('[data-action=break]').selectOption('Cut cable')
    await filter(page, 'fault')
    await page.locator('[data-type=fault]').first().waitFor({ timeout: 30_000 })
    await page.locator('[data-action=break]').selectOption('No fault')
    expect(await page.locator('[data-breaker]').textContent()).toBe('New links of ccc work.')
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    expect(await violations(page)).toEqual([])
    await filter(page, '')
    await shoot(page, 'wire-phone')
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('behind a gateway, shows the own link of the page and no bytes of the systems [lab.page.gateway]', async () => {
    await using world = await serveGatewayWorld(folder, { scripted: { agents: ['review', 'docs'] } })
    const { page, complaints } = await openPage(browser)
    await page.goto(await world.served.ticketUrl())
    await page.locator('[data-action=connect]').click()
    await page.locator('.place[data-status=open]').waitFor()
    await page.locator('[data-action="view:wire"]').click()
    await page.locator('[data-wire=page]').waitFor()
    expect(await page.locator('.wire-note').textContent()).toContain('stay on the server')
    await filter(page, 'out agents')
    await page.locator('[data-message]').first().click()
    expect(await page.locator('[data-decoded]').textContent()).toContain('"method": "agents"')
    await page.locator('[data-action="tab:send"]').click()
    await page.locator('[data-action=edit]').fill('{"id":77,"method":"agents","params":{}}')
    await page.locator('[data-action=send-new]').click()
    const link = await page.locator('[data-sent-by-hand]').getAttribute('data-sent-by-hand')
    await filter(page, `link:${link} in`)
    await expect.poll(() => page.locator('.wire-list').textContent()).toContain('id: 77')
    await page.locator('[data-action=cut]').click()
    // The page opens another link and goes on.
    await filter(page, 'open')
    await expect.poll(() => total(page)).toBeGreaterThan(2)
    await page.locator('.place[data-status=open]').waitFor()
    expect(await violations(page)).toEqual([])
    await shoot(page, 'wire-gateway-light')
    expect(complaints).toEqual([])
    await page.context().close()
  })
})
