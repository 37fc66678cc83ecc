/** Sessions of agents in Chromium: opened, forked, resumed and closed from the page, in both modes. */
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sessionRows } from '../../playground/src/views/workbench/sessions.js'
import { serveGatewayWorld } from './gateway.js'
import { builtPage, canRun, launch, openPage, serveFolder, shoot, violations, type Served } from './harness.js'

test('a session that is open and listed is one row, and stored ones follow [dashboard.sessions]', () => {
  const evidence = { from: 'derived', at: '2026-01-01T00:00:00.000Z' } as const
  const rows = sessionRows(
    [{ id: 'a', state: 'idle', evidence }],
    [
      { id: 'b', facts: {} },
      { id: 'a', title: 'Tests', facts: {} },
    ],
  )
  expect(rows.map(({ id, open, listed }) => [id, open !== undefined, listed?.title])).toEqual([
    ['a', true, 'Tests'],
    ['b', false, undefined],
  ])
})

describe.skipIf(!canRun)('sessions', () => {
  let folder: string
  let host: Served
  let browser: Browser
  beforeAll(async () => {
    folder = builtPage()
    host = await serveFolder(folder)
    browser = await launch()
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await host?.[Symbol.asyncDispose]()
  })
  const send = async (page: Page, text: string): Promise<void> => {
    await page.locator('[data-action=prompt-text]').fill(text)
    await page.locator('[data-action=send]').click()
    await page.locator('.prompt', { hasText: text }).last().waitFor()
  }

  for (const options of [{ theme: 'light' }, { theme: 'dark' }, { phone: true }] as const) {
    const name = 'phone' in options ? 'phone' : options.theme
    test(`behind a gateway a session is opened with a folder and a model, forked and closed: ${name} [dashboard.sessions]`, async () => {
      await using world = await serveGatewayWorld(folder, { scripted: { agents: ['review'] } })
      const { page, complaints } = await openPage(browser, options)
      await page.goto(await world.served.ticketUrl())
      await page.locator('[data-action=connect]').click()
      await page.locator('[data-action="view:work"]').click()
      await page.locator('[data-action=sessions]').waitFor()
      await page.keyboard.press('s')
      await page.locator('dialog.sessions[open]').waitFor()
      await page.locator('[data-action=session-folder]').selectOption('/b')
      await page.locator('[data-action=session-model]').selectOption('large')
      await expect.poll(() => page.locator('dialog.sessions .code pre').textContent()).toContain("{ folder: '/b', model: 'large' }")
      await page.locator('[data-session=main]').waitFor()
      await shoot(page, `sessions-${name}`)
      expect(await violations(page)).toEqual([])
      await page.locator('[data-action=open-session]').click()
      await page.locator('dialog.sessions').waitFor({ state: 'detached' })
      await expect.poll(() => page.url()).toContain('session=session-1')
      expect(world.system.ledger.opened).toEqual([
        { agent: 'script/review', id: 'session-1', wanted: { folder: '/b', model: 'large' } },
      ])
      await send(page, 'to the new session')
      await expect.poll(() => world.system.ledger.prompts.at(-1)?.session).toBe('session-1')
      await page.locator('[data-action=sessions]').click()
      await page.locator('[data-session=session-1] [data-action=fork-session]').click()
      await expect.poll(() => page.url()).toContain('session=session-2')
      expect(world.system.ledger.opened[1]?.wanted).toEqual({ fork: 'session-1' })
      await page.locator('[data-action=sessions]').click()
      await page.locator('[data-session=session-2] [data-action=close-session]').click()
      await page.locator('[data-session=session-2]').waitFor({ state: 'detached' })
      await expect.poll(() => page.url()).not.toContain('session=')
      expect(complaints).toEqual([])
      await page.context().close()
    })
  }

  test('a session that another viewer closed is an error in the dialog, with code and sent [dashboard.sessions]', async () => {
    await using world = await serveGatewayWorld(folder, { scripted: { agents: ['review'] } })
    const { id } = await world.hub.openSession('script/review')
    const { page } = await openPage(browser)
    await page.goto(await world.served.ticketUrl())
    await page.locator('[data-action=connect]').click()
    await page.locator('[data-action="view:work"]').click()
    await page.locator('[data-action=sessions]').click()
    await page.locator(`[data-session=${id}]`).waitFor()
    await page.locator('[data-session=main] [data-action=close-session]').click()
    const error = page.locator('dialog.sessions [data-error]')
    await error.waitFor()
    expect([await error.getAttribute('data-error'), await error.getAttribute('data-sent')]).toEqual(['not_found', 'no'])
    await page.context().close()
  })

  test('an agent that cannot open sessions has no such button [dashboard.sessions]', async () => {
    await using world = await serveGatewayWorld(folder, { scripted: { agents: ['review'], can: { prompt: {} } } })
    const { page } = await openPage(browser)
    await page.goto(await world.served.ticketUrl())
    await page.locator('[data-action=connect]').click()
    await page.locator('[data-action="view:work"]').click()
    await page.locator('[data-action=prompt-text]').waitFor()
    expect(await page.locator('[data-action=sessions]').count()).toBe(0)
    await page.context().close()
  })

  test('in the demo a session of Claude Code is opened with a model, prompted and forked [dashboard.sessions]', async () => {
    const { page, complaints } = await openPage(browser)
    await page.goto(host.url)
    // From the fleet: the palette lists the agents that can open a session.
    await page.locator('[data-action=new-session]').click()
    await page.locator('.palette input:focus').waitFor()
    await page.keyboard.type('review')
    await page.keyboard.press('Enter')
    await page.locator('[data-action=session-model]').selectOption('claude-opus-4-1')
    await page.locator('[data-action=open-session]').click()
    await expect.poll(() => page.url()).toContain('session=')
    const session = new URL(page.url().replace('#/', '')).searchParams.get('session') ?? ''
    await send(page, 'FAKE:echo:in the new session')
    await page.locator('.end[data-outcome=completed]').last().waitFor()
    await page.locator('[data-action=sessions]').click()
    await page.locator(`[data-session="${session}"] [data-action=fork-session]`).click()
    await expect.poll(() => page.url()).not.toContain(session)
    await send(page, 'FAKE:echo:in the fork')
    await page.locator('.end[data-outcome=completed]').last().waitFor()
    await shoot(page, 'sessions-demo')
    expect(complaints).toEqual([])
    await page.context().close()
  })
})
