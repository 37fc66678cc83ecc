/** The guard view in Chromium: attacks on the connected gateway, its credentials and its audit log; with and without `admin`. */
import type { Page } from 'playwright'
import { describe, expect, test } from 'vitest'
import { serveGatewayWorld, type GatewayWorld } from './gateway.js'
import { canRun, openPage, shoot, violations, withPage } from './harness.js'

/** The browser itself reports each refused request of an attack. */
const own = (complaints: readonly string[]): readonly string[] =>
  complaints.filter((text) => !text.startsWith('Failed to load resource'))

describe.skipIf(!canRun)('the guard', () => {
  const tools = withPage()

  async function open(world: GatewayWorld, scopes: readonly ('observe' | 'send' | 'approve' | 'admin')[], options = {}) {
    const opened = await openPage(tools.browser, options)
    await opened.page.goto(await world.served.ticketUrl({ scopes, name: 'desk' }))
    await opened.page.locator('[data-action=connect]').click()
    await opened.page.locator('[data-action="view:guard"]').click()
    await opened.page.locator('[data-view=guard]').waitFor()
    return opened
  }
  const attack = async (page: Page, id: string): Promise<{ verdict: string | null; text: string }> => {
    await page.locator(`[data-action="attack:${id}"]`).click()
    const result = page.locator(`[data-attack=${id}] [data-verdict]`)
    await result.waitFor()
    return { verdict: await result.getAttribute('data-verdict'), text: await result.innerText() }
  }

  test('with admin, every attack is refused with the answer of the gateway, and the log shows it [dashboard.guard.attacks]', async () => {
    await using world = await serveGatewayWorld(tools.folder)
    const { page, complaints } = await open(world, ['admin'])
    await page
      .locator('[data-log=live]')
      .or(page.locator('.guard-log [role=status]', { hasText: 'Live' }))
      .first()
      .waitFor()
    const origin = await attack(page, 'origin')
    expect(origin).toMatchObject({ verdict: 'refused', text: expect.stringContaining('origin_not_allowed') })
    expect(await attack(page, 'no-token')).toMatchObject({ verdict: 'refused', text: expect.stringContaining('unauthenticated') })
    expect(await attack(page, 'wrong-token')).toMatchObject({
      verdict: 'refused',
      text: expect.stringContaining('unauthenticated'),
    })
    expect(await attack(page, 'giant-frame')).toMatchObject({ verdict: 'refused', text: expect.stringContaining('close 1009') })
    expect(await attack(page, 'giant-message')).toMatchObject({ verdict: 'refused', text: expect.stringContaining('too_large') })
    const flood = await attack(page, 'flood')
    expect(flood.verdict).toBe('refused')
    expect(flood.text).toMatch(/\d+ × unauthenticated/)
    expect(flood.text).toContain('requests with the credential of this page were answered')
    await expect.poll(() => page.locator('[data-entry=refused]').count()).toBeGreaterThan(10)
    // No attack reached an agent, and the hub of the page still works.
    expect(world.system.ledger.prompts).toEqual([])
    await page.locator('.place[data-status=open]').waitFor()
    await page.mouse.move(5, 5)
    await shoot(page, 'guard-attacked')
    expect(await violations(page, '[data-view=guard]')).toEqual([])
    expect(own(complaints)).toEqual([])
    await page.context().close()
  })

  test('an attack that is not refused is shown as not refused [dashboard.guard.attacks]', async () => {
    await using world = await serveGatewayWorld(tools.folder)
    const { page } = await open(world, ['observe'])
    // A gateway in between that lets everything through.
    await page.route('**/v1/hub/call', (route) =>
      route.fulfill({ status: 200, contentType: 'application/json', body: '{"id":1,"result":[]}' }),
    )
    expect((await attack(page, 'no-token')).verdict).toBe('passed')
    await page.context().close()
  })

  test('with admin, a device is listed with its last use, and a button withdraws it after a question [dashboard.guard.credentials]', async () => {
    await using world = await serveGatewayWorld(tools.folder)
    const { credentials } = world
    const phone = await credentials.redeem(
      await credentials.issueTicket({ device: true, name: 'phone', scopes: ['observe', 'approve'] }),
    )
    await credentials.verify(phone.token)
    await credentials.issueTicket({ name: 'not used' })
    for (const theme of ['light', 'dark', 'phone'] as const) {
      const { page, complaints } = await open(world, ['admin'], theme === 'phone' ? { phone: true } : { theme })
      const line = page.locator(`[data-credential="${phone.grant.id}"]`)
      await line.waitFor()
      expect(await line.innerText()).toMatch(/phone[\s\S]*Device[\s\S]*approve[\s\S]*Used/)
      expect(await page.locator('[data-kind-of=owner] [data-action=withdraw]').count()).toBe(0)
      expect(await page.locator('[data-ticket]').count()).toBeGreaterThan(0)
      await shoot(page, `guard-${theme}`)
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
      expect(overflow).toBeLessThanOrEqual(0)
      expect(await violations(page, '[data-view=guard]')).toEqual([])
      expect(own(complaints)).toEqual([])
      if (theme === 'phone') {
        await line.locator('[data-action=withdraw]').click()
        await line.locator('[data-action=keep]').click()
        await line.locator('[data-action=withdraw]').click()
        await line.locator('[data-action=withdraw-now]').click()
        await expect.poll(() => line.count()).toBe(0)
        await page.locator('[data-entry=credential]', { hasText: 'revoked' }).waitFor()
      }
      await page.context().close()
    }
    await expect(credentials.verify(phone.token)).rejects.toMatchObject({ code: 'unauthenticated' })
    // The page never held a token or a ticket of somebody else.
    expect(credentials.list().some(({ id }) => id === phone.grant.id)).toBe(false)
  })

  test('without admin, the page says why it cannot and which command helps, and the attacks still work [dashboard.guard.credentials]', async () => {
    await using world = await serveGatewayWorld(tools.folder)
    const { page, complaints } = await open(world, ['observe', 'send'])
    expect(await page.locator('[data-needs=admin]').innerText()).toContain('signalbox gateway ticket --scopes admin')
    expect(await attack(page, 'wrong-token')).toMatchObject({ verdict: 'refused' })
    const origin = await attack(page, 'origin')
    expect(origin).toMatchObject({ verdict: 'unseen', text: expect.stringContaining('the browser hid the answer') })
    await shoot(page, 'guard-no-admin')
    expect(await violations(page, '[data-view=guard]')).toEqual([])
    expect(own(complaints)).toEqual([])
    await page.context().close()
  })

  test('the log holds still under the pointer, and filters refusals [dashboard.guard.log]', async () => {
    await using world = await serveGatewayWorld(tools.folder)
    const { page } = await open(world, ['admin'])
    await page.locator('[data-entry=admin]').first().waitFor()
    await page.locator('.guard-scroll').hover()
    const before = await page.locator('.guard-scroll tbody tr').count()
    const refuse = () => world.served.gateway.handle(new Request(`${world.served.url}/v1`))
    for (let count = 0; count < 5; count += 1) await refuse()
    await expect.poll(() => page.locator('.guard-log [role=status]').innerText()).toContain('new')
    expect(await page.locator('.guard-scroll tbody tr').count()).toBe(before)
    await page.mouse.move(5, 5)
    await expect.poll(() => page.locator('.guard-scroll tbody tr').count()).toBeGreaterThan(before)
    await page.locator('[data-action=only-refused]').check()
    expect(await page.locator('[data-entry=refused]').count()).toBeGreaterThanOrEqual(5)
    expect(await page.locator('[data-entry=opened]').count()).toBe(0)
    await page.context().close()
  })

  test('in the demo there is no gateway, and the view says how to get one [dashboard.guard.empty]', async () => {
    const { page, complaints } = await openPage(tools.browser)
    await page.goto(`${tools.served.url}#/guard`)
    await page.locator('[data-view=guard] [data-empty]').waitFor()
    expect(await page.locator('[data-view=guard]').innerText()).toContain('npx signalbox up')
    await shoot(page, 'guard-demo')
    expect(await violations(page, '[data-view=guard]')).toEqual([])
    expect(complaints).toEqual([])
    await page.context().close()
  })
})
