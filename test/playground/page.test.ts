/** The page itself, in Chromium: it starts without a server, under a strict policy, and a ticket never connects by itself. */
import { describe, expect, test } from 'vitest'
import { VIEWS } from '../../playground/src/app/views.js'
import { canRun, openPage, withPage } from './harness.js'

describe.skipIf(!canRun)('the dashboard', () => {
  const tools = withPage()

  test('opened from a static host, every view shows without a complaint', async () => {
    const { page, complaints } = await openPage(tools.browser)
    await page.goto(tools.served.url)
    await page.locator('.place[data-status=open]').waitFor()
    for (const { id } of VIEWS) {
      await page.locator(`[data-action="view:${id}"]`).click()
      await page.locator(`[data-view=${id}]`).waitFor()
    }
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('[gateway.playground] a ticket leaves the address at once and connects nothing by itself', async () => {
    const { page } = await openPage(tools.browser)
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await page.goto(`${tools.served.url}#ticket=sbx_ticket_of_a_test`)
    await page.locator('[data-action=connect]').waitFor()
    expect(page.url()).not.toContain('ticket')
    expect(asked.filter((path) => path.startsWith('/v1'))).toEqual([])
    await page.context().close()
  })
})
