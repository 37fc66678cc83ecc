/** The timeline in Chromium: behind a gateway with 10,000 spans, and in the page's own worker. */
import type { Page } from 'playwright'
import { describe, expect, test } from 'vitest'
import type { ScriptedTurn } from '../../src/testing/hub/index.js'
import { serveGatewayWorld } from './gateway.js'
import { canRun, openPage, shoot, violations, withPage } from './harness.js'

/** A turn with two tools, a retry and an ask that a person answers. */
async function script(turn: ScriptedTurn): Promise<void> {
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  const text = turn.prompt.text
  turn.event({ kind: 'notice', level: 'warning', text: 'The model is overloaded.', waitMs: 120 })
  await wait(150)
  turn.event({ kind: 'tool', id: 'read', name: 'Read', title: 'Read package.json', status: 'running' })
  await wait(text.includes('slow') ? 300 : 100)
  turn.event({ kind: 'tool', id: 'read', status: 'done' })
  turn.event({ kind: 'tool', id: 'test', name: 'Bash', title: 'npm test', status: 'running' })
  const answer = await turn.ask({ nativeId: `ask-${turn.prompt.promptId}`, kind: 'permission', title: 'Run npm test?' })
  await wait(120)
  turn.event({ kind: 'tool', id: 'test', status: answer && 'accept' in answer && answer.accept ? 'done' : 'failed' })
  turn.event({ kind: 'usage', scope: 'turn', basis: 'reported', costUsd: 0.02, tokens: { input: 900, output: 120 } })
  turn.end({ outcome: text.includes('fail') ? 'failed' : 'completed' })
}

const shapes = async (page: Page): Promise<number> => Number(await page.locator('canvas').first().getAttribute('data-shapes'))

describe.skipIf(!canRun)('the timeline', () => {
  const tools = withPage()

  test('behind a gateway: turns, tools and waits show, two turns are compared, the keyboard reaches every span [dashboard.timeline.page]', async () => {
    await using world = await serveGatewayWorld(tools.folder, { scripted: { agents: ['review', 'builder', 'docs'], script } })
    const { hub, system, served } = world
    const answering = hub.watch({ kinds: ['ask'] })
    void (async () => {
      for await (const event of answering) {
        await new Promise((resolve) => setTimeout(resolve, 400))
        if (event.kind === 'ask') await hub.answer(event.ask.id, { accept: true }, { by: 'mira' }).catch(() => {})
      }
    })()
    const prompts = [
      ['review', 'Review the pull request'],
      ['builder', 'Build the slow target'],
      ['docs', 'Write the fail page'],
    ] as const
    await Promise.all(prompts.map(([agent, text]) => hub.prompt(`script/${agent}`, text, { by: 'mira' }).end()))
    system.push('docs', { kind: 'gap', reason: 'reconnect', origin: 'live' })
    await hub.prompt('script/review', 'Review it again, slow', { by: 'tom' }).end()
    for (const theme of ['light', 'dark'] as const) {
      const { page, complaints } = await openPage(tools.browser, { theme })
      await page.goto(await served.ticketUrl())
      await page.locator('[data-action=connect]').click()
      await page.locator('[data-action="view:timeline"]').click()
      await expect.poll(() => page.locator('[data-span=turn]').count()).toBeGreaterThanOrEqual(3)
      for (const kind of ['tool', 'wait', 'retry']) expect(await page.locator(`[data-span=${kind}]`).count()).toBeGreaterThan(0)
      await page.locator('[data-action=fit]').click()
      await shoot(page, `timeline-${theme}`)

      await page.locator('[data-action=select-span][tabindex="0"]').focus()
      await page.keyboard.press('End')
      await page.locator('[data-span]', { hasText: 'Review it again' }).waitFor()
      await page.locator('[data-span=reconnect]', { hasText: 'The link was down.' }).waitFor()
      await page.keyboard.press('Home')
      await page.keyboard.press('Enter')
      await page.locator('.tl-details').waitFor()
      const turns = page.locator('[data-span=turn] [data-action=select-span]')
      await turns.first().click()
      await page.keyboard.press('c')
      await page.locator('.tl-hint').waitFor()
      await turns.last().click()
      await page.locator('[data-action=compare-span]').click()
      await page.locator('[data-compare]').waitFor()
      await expect.poll(() => page.locator('[data-compare]').innerText()).toContain('Time waiting for a person')
      expect(await page.locator('[data-compare]').innerText()).toContain('$0.02')
      await shoot(page, `timeline-compare-${theme}`)
      expect(await violations(page, '[data-view=timeline]')).toEqual([])
      expect(complaints).toEqual([])
      await page.context().close()
    }
    const phone = await openPage(tools.browser, { phone: true })
    await phone.page.goto(`${await served.ticketUrl()}`)
    await phone.page.locator('[data-action=connect]').click()
    await phone.page.locator('[data-action="view:timeline"]').click()
    await expect.poll(() => phone.page.locator('[data-span=turn]').count()).toBeGreaterThan(0)
    await phone.page.locator('[data-span=turn] [data-action=select-span]').first().click()
    await phone.page.locator('.tl-details [data-action=clear-span]').waitFor()
    await shoot(phone.page, 'timeline-phone')
    const [details, table] = [
      await phone.page.locator('.tl-details').boundingBox(),
      await phone.page.locator('.tl-table').boundingBox(),
    ]
    // The table stands below the details, with its title and at least three rows above the navigation.
    expect(table?.y).toBeGreaterThanOrEqual((details?.y ?? 0) + (details?.height ?? 0) - 1)
    const navigation = await phone.page.locator('.nav').boundingBox()
    expect((navigation?.y ?? 0) - (table?.y ?? Infinity)).toBeGreaterThan(4 * 37)
    const overflow = await phone.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    expect(overflow).toBeLessThanOrEqual(0)
    expect(await violations(phone.page, '[data-view=timeline]')).toEqual([])
    expect(phone.complaints).toEqual([])
    await answering.close()
  }, 120_000)

  test('with 10,000 spans, zooming and panning draw a bounded number of shapes and render a bounded number of rows [dashboard.timeline.page]', async () => {
    const agents = Array.from({ length: 20 }, (_, index) => `agent-${index}`)
    await using world = await serveGatewayWorld(tools.folder, { scripted: { agents } })
    const { system, served } = world
    for (let round = 0; round < 500; round += 1) {
      for (const agent of agents) {
        system.push(agent, { kind: 'tool', id: `t${round}`, name: `step ${round}`, status: 'running', origin: 'live' })
      }
      await new Promise((resolve) => setTimeout(resolve, 2))
      for (const agent of agents) {
        system.push(agent, { kind: 'tool', id: `t${round}`, status: round % 40 === 0 ? 'failed' : 'done', origin: 'live' })
      }
    }
    const { page, complaints } = await openPage(tools.browser)
    await page.goto(await served.ticketUrl())
    await page.locator('[data-action=connect]').click()
    await page.locator('[data-action="view:timeline"]').click()
    await expect.poll(() => page.locator('.tl-count').innerText(), { timeout: 30_000 }).toContain('10,000 spans')
    await page.locator('[data-action=fit]').click()
    await expect.poll(() => shapes(page)).toBeGreaterThan(20)
    const width = await page.locator('.tl-scroll').evaluate((box) => box.clientWidth)
    const { frames, draws, most } = await page.evaluate(async () => {
      const box = document.querySelector('.tl-scroll') as HTMLElement
      const canvas = box.querySelector('canvas') as HTMLCanvasElement
      const { left, top, width: across } = box.getBoundingClientRect()
      const deltas: number[] = []
      const drawTimes: number[] = []
      let shapesAtMost = 0
      let last = 0
      await new Promise<void>((resolve) => {
        let count = 0
        const frame = (now: number): void => {
          if (last > 0) deltas.push(now - last)
          last = now
          drawTimes.push(Number(canvas.dataset.drawMs))
          shapesAtMost = Math.max(shapesAtMost, Number(canvas.dataset.shapes))
          count += 1
          if (count > 240) return resolve()
          const zooms = Math.floor(count / 40) % 3 < 2
          const deltaY = zooms ? (Math.floor(count / 40) % 3 === 0 ? -18 : 18) : 0
          const at = { clientX: left + across * 0.6, clientY: top + 80, bubbles: true, cancelable: true }
          box.dispatchEvent(new WheelEvent('wheel', { ...at, deltaY, deltaX: zooms ? 0 : 25, ctrlKey: zooms }))
          requestAnimationFrame(frame)
        }
        requestAnimationFrame(frame)
      })
      return { frames: deltas, draws: drawTimes, most: shapesAtMost }
    })
    const quantile = (values: readonly number[], part: number): number =>
      [...values].sort((left, right) => left - right)[Math.floor(values.length * part)] ?? 0
    console.log(
      `timeline, 10,000 spans: frame median ${quantile(frames, 0.5).toFixed(1)} ms, p95 ${quantile(frames, 0.95).toFixed(1)} ms; ` +
        `draw median ${quantile(draws, 0.5).toFixed(2)} ms, p95 ${quantile(draws, 0.95).toFixed(2)} ms; at most ${most} shapes`,
    )
    expect(most).toBeLessThanOrEqual(40 * (width / 2))
    expect(await page.locator('.tl-table tbody tr').count()).toBeLessThan(60)
    await expect.poll(() => page.locator('[data-action=follow]').getAttribute('aria-pressed')).toBe('false')
    await page.locator('[data-action=fit]').click()
    await page.locator('[data-span]').first().waitFor()
    await shoot(page, 'timeline-crowd')
    await page.locator('[data-action=follow]').click()
    await expect.poll(() => page.locator('[data-action=follow]').getAttribute('aria-pressed')).toBe('true')
    await page.locator('.tl-scroll').focus()
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => page.locator('[data-action=follow]').getAttribute('aria-pressed')).toBe('false')
    expect(complaints).toEqual([])
    await page.context().close()
  }, 120_000)

  test('in the demo of the page, the turns of its agents appear [dashboard.timeline.page]', async () => {
    const { page, complaints } = await openPage(tools.browser)
    await page.goto(`${tools.served.url}#/timeline`)
    await page.locator('[data-view=timeline]').waitFor()
    await expect.poll(() => page.locator('[data-span=turn]').count(), { timeout: 30_000 }).toBeGreaterThan(1)
    await expect.poll(() => page.locator('[data-span=wait]').count(), { timeout: 30_000 }).toBeGreaterThan(0)
    await shoot(page, 'timeline-demo')
    expect(await violations(page, '[data-view=timeline]')).toEqual([])
    expect(complaints).toEqual([])
    await page.context().close()
  }, 180_000)
})
