/** The frame of the page in Chromium: dialogs, the ticket's banner, a connection that fails, themes and reduced motion. */
import { describe, expect, test } from 'vitest'
import { canRun, openPage, shoot, violations, withPage } from './harness.js'

describe.skipIf(!canRun)('the frame of the page', () => {
  const tools = withPage()

  test('[dashboard.access] the palette and the list of keys have names, and leave the focus where it was', async () => {
    const { page } = await openPage(tools.browser, { theme: 'dark' })
    await page.goto(tools.served.url)
    await page.locator('.fleet-row').first().waitFor()
    await page.locator('[data-action=filter]').focus()
    await page.keyboard.press('Control+k')
    await page.locator('.palette input:focus').waitFor()
    await shoot(page, 'palette-worker-dark')
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.locator('.palette').waitFor({ state: 'detached' })
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-action'))).toBe('filter')
    await page.keyboard.press('Escape')
    await page.keyboard.press('?')
    await page.getByRole('heading', { name: 'Keys' }).waitFor()
    expect(await violations(page)).toEqual([])
    await page.context().close()
  })

  test('[dashboard.errors] a ticket that no gateway takes shows the error, whether anything was sent, and what to do next', async () => {
    const { page } = await openPage(tools.browser, { phone: true })
    await page.goto(`${tools.served.url}#ticket=sbx_ticket_of_a_test`)
    await page.locator('[data-action=connect]').waitFor()
    await shoot(page, 'ticket-gateway-phone')
    expect(await violations(page)).toEqual([])
    await page.locator('[data-action=connect]').click()
    const error = page.locator('[data-error]')
    await error.waitFor()
    expect(await error.getAttribute('data-sent')).toMatch(/no|maybe|yes/)
    expect(await violations(page)).toEqual([])
    await page.locator('[data-action=open-demo]').click()
    await page.locator('.fleet-row').first().waitFor()
    await page.context().close()
  })

  test('[dashboard.opens] a second tab says that its journal is in memory, and works', async () => {
    const { page } = await openPage(tools.browser)
    await page.goto(tools.served.url)
    await page.locator('.fleet-row').first().waitFor()
    await expect.poll(() => page.locator('.place').getAttribute('title')).toContain('survives a reload')
    const second = await page.context().newPage()
    await second.goto(tools.served.url)
    await second.locator('.fleet-row').first().waitFor()
    expect(await second.locator('.place').getAttribute('title')).toContain('in memory')
    await page.context().close()
  })

  test('the theme is switched and kept, and a paused demo prompts nobody', async () => {
    const { page } = await openPage(tools.browser, { theme: 'light' })
    await page.goto(tools.served.url)
    await page.locator('.fleet-row').first().waitFor()
    await page.locator('[data-action=theme]').click()
    await page.reload()
    await page.locator('.fleet-row').first().waitFor()
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark')
    await page.locator('[data-action=demo]').click()
    await expect.poll(() => page.locator('[data-action=demo]').textContent()).toContain('Go on')
    await page.context().close()
  })
})
