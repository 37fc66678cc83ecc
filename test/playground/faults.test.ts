/** The faults view in Chromium: a run, its counts, its link, on a phone and in the dark. */
import type { Page } from 'playwright'
import { describe, expect, test } from 'vitest'
import { serveGatewayWorld } from './gateway.js'
import { canRun, openPage, shoot, violations, withPage } from './harness.js'

const FAST = 'system=ccc&seed=7&seconds=120&faults=latency:20,stall:0.5,split:20,duplicate:2,reset:3,half-close:2,kill:0.5'

describe.skipIf(!canRun)('the faults view', () => {
  const tools = withPage()

  const open = async (page: Page, plan: string): Promise<void> => {
    await page.goto(`${tools.served.url}#/faults?${plan}`)
    await page.locator('[data-view=faults]').waitFor()
  }
  const runFast = async (page: Page): Promise<void> => {
    await page.locator('.pick', { has: page.locator('[data-action="speed:0"]') }).click()
    await page.locator('[data-action=run]').click()
    await page.locator('[data-run=done]').waitFor({ timeout: 60_000 })
  }
  const counts = (page: Page, side: 'ours' | 'plain'): Promise<Record<string, string>> =>
    page
      .locator(`[data-side=${side}] [data-count]`)
      .evaluateAll((all) =>
        Object.fromEntries(all.map((one) => [one.getAttribute('data-count') ?? '', one.querySelector('dd')?.textContent ?? ''])),
      )

  test('a run shows 0 lost and 0 doubled beside a plain client that is not exact [lab.page.faults]', async () => {
    const { page, complaints } = await openPage(tools.browser)
    await open(page, FAST)
    await expect.poll(() => page.locator('[data-run]').getAttribute('data-run')).toBe('ready')
    await shoot(page, 'faults-ready-light')
    await runFast(page)
    const ours = await counts(page, 'ours')
    const plain = await counts(page, 'plain')
    expect(ours).toMatchObject({ lost: '0', doubled: '0', ambiguous: '0', working: '0' })
    expect(ours.delivered).toBe(ours.sent)
    expect(Number(ours.sent)).toBeGreaterThan(50)
    expect(Number(plain.lost) + Number(plain.doubled)).toBeGreaterThan(0)
    await expect.poll(() => page.locator('[data-side=ours]').getAttribute('data-tone')).toBe('good')
    await expect.poll(() => page.locator('[data-side=plain]').getAttribute('data-tone')).toBe('bad')
    expect(await violations(page)).toEqual([])
    await shoot(page, 'faults-done-light')
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('a link gives the same counts in another browser, and starts nothing by itself [lab.page.share]', async () => {
    const first = await openPage(tools.browser)
    await open(first.page, FAST)
    await first.page.locator('[data-action="system:cccc"]').check({ force: true })
    await first.page.locator('[data-action=seed]').fill('99')
    await first.page.locator('[data-action=seed]').blur()
    const link = await first.page.locator('[data-action=share-link]').inputValue()
    expect(first.page.url()).toBe(link)
    await runFast(first.page)
    const second = await openPage(tools.browser, { theme: 'dark' })
    await second.page.goto(link)
    await second.page.locator('[data-view=faults]').waitFor()
    expect(await second.page.locator('[data-action=seed]').inputValue()).toBe('99')
    expect(await second.page.locator('[data-run]').getAttribute('data-run')).toBe('ready')
    await runFast(second.page)
    for (const side of ['ours', 'plain'] as const) expect(await counts(second.page, side)).toEqual(await counts(first.page, side))
    expect(await violations(second.page)).toEqual([])
    await shoot(second.page, 'faults-done-dark')
    expect([...first.complaints, ...second.complaints]).toEqual([])
    await first.page.context().close()
    await second.page.context().close()
  })

  test('a run can be slowed down and stopped, and a wrong link is explained [lab.page.faults]', async () => {
    const { page, complaints } = await openPage(tools.browser, { phone: true })
    await open(page, 'system=hub&seed=none&seconds=600&faults=latency:50,nonsense:3')
    expect(await page.locator('[role=alert]').allTextContents()).toHaveLength(2)
    await page.locator('[data-action=run]').click()
    await expect.poll(async () => Number((await counts(page, 'ours')).sent)).toBeGreaterThan(10)
    await page.locator('.pick', { has: page.locator('[data-action="speed:1"]') }).click()
    expect(await page.locator('[data-action=seed]').isDisabled()).toBe(true)
    await page.locator('[data-action=stop]').click()
    await page.locator('[data-run=stopped]').waitFor({ timeout: 60_000 })
    expect(await violations(page)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    await shoot(page, 'faults-phone')
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('behind a gateway a run touches only simulators in the page [lab.page.faults]', async () => {
    await using world = await serveGatewayWorld(tools.folder, { scripted: { agents: ['review'] } })
    const { page, complaints } = await openPage(tools.browser, { theme: 'dark' })
    await page.goto(await world.served.ticketUrl())
    await page.locator('[data-action=connect]').click()
    await page.locator('.place[data-status=open]').waitFor()
    await page.locator('[data-action="view:faults"]').click()
    await page.locator('[data-action=seconds]').fill('60')
    await page.locator('[data-action=seconds]').blur()
    await runFast(page)
    expect(await counts(page, 'ours')).toMatchObject({ lost: '0', doubled: '0' })
    expect(world.system.ledger.prompts).toEqual([])
    expect(await violations(page)).toEqual([])
    await shoot(page, 'faults-gateway-dark')
    expect(complaints).toEqual([])
    await page.context().close()
  })
})
