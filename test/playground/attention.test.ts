/** How a page in the background shows that an agent waits: its title and notifications, in Chromium. */
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serveGatewayWorld, type GatewayWorld } from './gateway.js'
import { builtPage, canRun, launch, violations } from './harness.js'

/** What the page did with the notifications of the browser. */
interface Seen {
  readonly asked: number
  readonly shown: readonly { readonly title: string; readonly body: string; readonly tag: string }[]
}

describe.skipIf(!canRun)('a person who looks elsewhere', () => {
  let folder: string
  let browser: Browser
  beforeAll(async () => {
    folder = builtPage()
    browser = await launch()
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
  })

  const serve = (): Promise<GatewayWorld> =>
    serveGatewayWorld(folder, {
      scripted: {
        agents: ['review'],
        async script(turn) {
          await turn.ask({ nativeId: turn.prompt.promptId, kind: 'permission', title: 'Run npm test?' })
          turn.end()
        },
      },
    })

  /** A connected page. `answer` is what the browser answers when the page asks for permission. */
  const open = async (
    world: GatewayWorld,
    {
      permission,
      answer = 'denied',
    }: { readonly permission: 'granted' | 'denied' | 'default'; readonly answer?: 'granted' | 'denied' },
  ): Promise<Page> => {
    const context = await browser.newContext({ reducedMotion: 'reduce' })
    const page = await context.newPage()
    await page.addInitScript(
      ({ first, then }) => {
        const seen = { asked: 0, shown: [] as object[] }
        let state: string = first
        class Recorded {
          static get permission(): string {
            return state
          }
          static async requestPermission(): Promise<string> {
            seen.asked += 1
            state = then
            return state
          }
          constructor(title: string, options: object) {
            if (state !== 'granted') throw new Error('The page has no permission.')
            seen.shown.push({ title, ...options })
          }
          close(): void {}
        }
        Object.assign(globalThis, { Notification: Recorded, seen })
      },
      { first: permission, then: answer },
    )
    await page.goto(await world.served.ticketUrl())
    await page.locator('[data-action=connect]').click()
    await page.locator('.place[data-status=open]').waitFor()
    return page
  }
  const seenIn = (page: Page): Promise<Seen> => page.evaluate(() => (globalThis as unknown as { seen: Seen }).seen)
  const hide = (page: Page): Promise<void> =>
    page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' })
      document.dispatchEvent(new Event('visibilitychange'))
    })

  test('with permission, each ask of a hidden page is one notification, and none of a visible page [dashboard.attention]', async () => {
    await using world = await serve()
    const page = await open(world, { permission: 'granted' })
    await page.locator('[data-action="view:asks"]').click()
    await page.locator('[data-notify=granted]').waitFor()
    void world.hub.prompt('script/review', 'first', { promptId: 'one' })
    await expect.poll(() => page.title()).toBe('(1) Signalbox')
    expect(await seenIn(page)).toEqual({ asked: 0, shown: [] })
    await hide(page)
    await world.hub.answer((await world.hub.asks())[0]?.id ?? '', { accept: false })
    void world.hub.prompt('script/review', 'second', { promptId: 'two' })
    await expect.poll(async () => (await seenIn(page)).shown.length).toBe(1)
    const [shown] = (await seenIn(page)).shown
    expect(shown).toMatchObject({ title: 'review asks', body: 'Run npm test?' })
    expect(await page.title()).toBe('(1) Signalbox')
    await world.hub.answer((await world.hub.asks())[0]?.id ?? '', { accept: false })
    await expect.poll(() => page.title()).toBe('Signalbox')
    expect((await seenIn(page)).asked).toBe(0)
    await page.context().close()
  })

  test('the page asks for permission only after a click, and after a refusal it says so and does not ask again [dashboard.attention]', async () => {
    await using world = await serve()
    const page = await open(world, { permission: 'default', answer: 'denied' })
    await hide(page)
    void world.hub.prompt('script/review', 'first')
    await expect.poll(() => page.title()).toBe('(1) Signalbox')
    await page.locator('[data-action="view:asks"]').click()
    expect(await seenIn(page)).toEqual({ asked: 0, shown: [] })
    await page.locator('[data-action=notify]').click()
    await page.locator('[data-notify=denied]').waitFor()
    expect(await page.locator('[data-notify=denied]').innerText()).toContain('The title of the page counts open asks')
    expect(await page.locator('[data-action=notify]').count()).toBe(0)
    expect(await seenIn(page)).toEqual({ asked: 1, shown: [] })
    expect(await violations(page)).toEqual([])
    await page.context().close()
  })

  test('a page whose permission is denied shows no notification and still counts in the title [dashboard.attention]', async () => {
    await using world = await serve()
    const page = await open(world, { permission: 'denied' })
    await hide(page)
    void world.hub.prompt('script/review', 'first')
    await expect.poll(() => page.title()).toBe('(1) Signalbox')
    expect(await seenIn(page)).toEqual({ asked: 0, shown: [] })
    await page.context().close()
  })
})
