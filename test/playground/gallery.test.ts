/**
 * Screenshots of every view in both modes, in light, dark and on a phone, for people who look at the design. They go to a folder that git
 * ignores. `SIGNALBOX_SHOTS=1 npx vitest run --project dashboard test/playground/gallery.test.ts` takes them.
 */
import type { Page } from 'playwright'
import { describe, expect, test } from 'vitest'
import { VIEWS } from '../../playground/src/app/views.js'
import { MODES, withModes } from './demo-gateway.js'
import { canRun, shoot, violations } from './harness.js'

const LOOKS = [
  ['light', { theme: 'light' }],
  ['dark', { theme: 'dark' }],
  ['phone', { phone: true, theme: 'light' }],
  ['phone-dark', { phone: true, theme: 'dark' }],
] as const

/** Brings a view into a state that shows most of it. */
async function prepare(page: Page, view: string): Promise<void> {
  if (view === 'faults') {
    await page.locator('.pick', { has: page.locator('[data-action="speed:0"]') }).click()
    await page.locator('[data-action=seconds]').fill('60')
    await page.locator('[data-action=seconds]').blur()
    await page.locator('[data-action=run]').click()
    await page.locator('[data-run=done]').waitFor({ timeout: 60_000 })
  } else if (view === 'wire') {
    await page.locator('[data-message]').first().click({ timeout: 10_000 })
  } else if (view === 'timeline') {
    await page.locator('[data-span=turn] [data-action=select-span]').first().click({ timeout: 10_000 })
  } else await page.waitForTimeout(800)
}

describe.runIf(canRun && process.env.SIGNALBOX_SHOTS === '1')('every view', () => {
  const tools = withModes()

  for (const mode of MODES) {
    test.each(LOOKS)(`${mode}, %s`, { timeout: 240_000 }, async (name, options) => {
      const { page, complaints } = await tools.open(mode, options)
      await page.locator('.nav .badge').waitFor()
      await page.waitForTimeout(6_000)
      const found: string[] = []
      for (const { id } of VIEWS) {
        await page.locator(`[data-action="view:${id}"]`).click()
        await page.locator(`[data-view=${id}]`).waitFor()
        await prepare(page, id)
        await shoot(page, `all-${id}-${mode}-${name}`)
        const wide = await page.evaluate(() => {
          const main = document.querySelector('.main') as HTMLElement
          return document.documentElement.scrollWidth > innerWidth || main.scrollWidth > main.clientWidth
        })
        if (wide) found.push(`${id} is wider than the screen`)
        found.push(...(await violations(page)).map((one) => `${id}: ${JSON.stringify(one)}`))
      }
      expect(found).toEqual([])
      expect(complaints).toEqual([])
      await page.context().close()
    })
  }
})
