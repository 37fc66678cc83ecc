/** Every action of every view is reached by the keyboard, has a name, and nothing moves for a person who wants no motion. */
import type { Page } from 'playwright'
import { describe, expect, test } from 'vitest'
import { VIEWS } from '../../playground/src/app/views.js'
import { MODES, withModes } from './demo-gateway.js'
import { canRun } from './harness.js'

const MAX_TABS = 600

interface Action {
  readonly key: string
  readonly name: string
  /** Another key than Tab reaches it: a part of a radio group, or of a list with one place in the order of Tab. */
  readonly inGroup: boolean
}

/** The actions that a person can see now. */
const visibleActions = (page: Page): Promise<readonly Action[]> =>
  page.evaluate(() => {
    const nameOf = (target: HTMLElement): string => {
      const labels = [...((target as HTMLInputElement).labels ?? [])].map(({ textContent }) => textContent ?? '').join(' ')
      const by = (target.getAttribute('aria-labelledby') ?? '')
        .split(' ')
        .map((id) => document.getElementById(id)?.textContent ?? '')
        .join(' ')
      return (target.getAttribute('aria-label') ?? '') + labels + by + (target.textContent ?? '') + target.title
    }
    return [...document.querySelectorAll<HTMLElement>('[data-action]')]
      .filter((target) => target.checkVisibility({ visibilityProperty: true }) && !(target as HTMLButtonElement).disabled)
      .map((target) => ({
        key: target.dataset.action ?? '',
        name: nameOf(target).trim(),
        inGroup: (target as HTMLInputElement).type === 'radio' || target.tabIndex < 0,
      }))
  })

/** The actions that Tab reaches, from the start of the page to its end. */
async function tabThrough(page: Page): Promise<ReadonlySet<string>> {
  const reached = new Set<string>()
  await page.evaluate(() => {
    // The first control of the page. A blur would leave the place of the last click.
    document.querySelector<HTMLElement>('.skip')?.focus()
  })
  for (let count = 0; count < MAX_TABS; count += 1) {
    await page.keyboard.press('Tab')
    const at = await page.evaluate(() => {
      const target = document.activeElement as HTMLElement | null
      if (!target || target === document.body) return null
      const radio = target as HTMLInputElement
      return { action: target.dataset.action ?? '', group: radio.type === 'radio' ? radio.name : '' }
    })
    if (!at) break
    if (at.action) reached.add(at.action)
    if (at.group) reached.add(`radio:${at.group}`)
  }
  return reached
}

describe.skipIf(!canRun)('the keyboard', () => {
  const tools = withModes()

  for (const mode of MODES) {
    test(`reaches every action of every view, and each has a name: ${mode} [dashboard.keyboard]`, async () => {
      const { page } = await tools.open(mode)
      await page.locator('.fleet-row').first().waitFor()
      await page.locator('.nav .badge').waitFor()
      // Nothing may come and go while the test walks through the page.
      if (mode === 'worker') await page.locator('[data-action=demo]').click()
      for (const { id } of VIEWS) {
        await page.locator(`[data-action="view:${id}"]`).click()
        await page.locator(`[data-view=${id}]`).waitFor()
        await page.waitForTimeout(800)
        const before = await visibleActions(page)
        expect(
          before.filter(({ name }) => name === '').map(({ key }) => key),
          `${id}: actions without a name`,
        ).toEqual([])
        const reached = await tabThrough(page)
        const after = new Set((await visibleActions(page)).map(({ key }) => key))
        const missed = before.filter(({ key, inGroup }) => !inGroup && after.has(key) && !reached.has(key)).map(({ key }) => key)
        expect([...new Set(missed)], `${id}: actions that Tab does not reach`).toEqual([])
        const groups = await page.evaluate(() => [
          ...new Set([...document.querySelectorAll<HTMLInputElement>('input[type=radio]:not(:disabled)')].map(({ name }) => name)),
        ])
        expect(
          groups.filter((name) => !reached.has(`radio:${name}`)),
          `${id}: groups that Tab does not reach`,
        ).toEqual([])
      }
      await page.context().close()
    }, 240_000)
  }

  test('with reduced motion nothing is animated, and without that wish controls change smoothly [dashboard.motion]', async () => {
    const measure = async (reducedMotion: 'reduce' | 'no-preference'): Promise<{ moving: number; longestMs: number }> => {
      const context = await tools.browser.newContext({ reducedMotion })
      const page = await context.newPage()
      await page.goto(tools.served.url)
      await page.locator('.fleet-row').first().waitFor()
      let moving = 0
      let longestMs = 0
      for (const { id } of VIEWS) {
        await page.locator(`[data-action="view:${id}"]`).click()
        await page.locator(`[data-view=${id}]`).waitFor()
        await page.locator('[data-action=palette]').hover()
        const found = await page.evaluate(() => {
          const seconds = (text: string): number => Math.max(...text.split(',').map((one) => Number.parseFloat(one)))
          const times = [...document.querySelectorAll('*')].map((target) => {
            const { transitionDuration, animationDuration } = getComputedStyle(target)
            return Math.max(seconds(transitionDuration), seconds(animationDuration))
          })
          return { moving: document.getAnimations().length, longest: Math.max(...times) }
        })
        moving += found.moving
        longestMs = Math.max(longestMs, found.longest * 1_000)
      }
      await context.close()
      return { moving, longestMs }
    }
    const calm = await measure('reduce')
    expect(calm.moving).toBe(0)
    expect(calm.longestMs).toBeLessThanOrEqual(1)
    expect((await measure('no-preference')).longestMs).toBeGreaterThan(50)
  })
})
