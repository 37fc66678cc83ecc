/**
 * All nine faults on each link, in the worker of the page in Chromium. By default one minute of virtual time, as fast as the machine can.
 * `SIGNALBOX_TEN_MINUTES=1` makes it ten minutes at the pace of real time, all links side by side; `virtual` makes it ten minutes of virtual
 * time.
 */
import type { Page } from 'playwright'
import { describe, expect, test } from 'vitest'
import { BENCH_SYSTEMS, type BenchSystem } from '../../playground/src/worker/lab/bench/plan.js'
import { canRun, openPage, withPage } from './harness.js'

const FAULTS = 'latency:20,stall:0.5,split:20,coalesce:10,duplicate:2,truncate:1,reset:3,half-close:2,kill:0.5'
/** These systems keep nothing by which a prompt could be found again. The others leave no outcome ambiguous. */
const CANNOT_TELL: readonly BenchSystem[] = ['claude', 'acp', 'cmdop']

const pace = process.env.SIGNALBOX_TEN_MINUTES
const isLong = pace === '1' || pace === 'virtual'
const seconds = isLong ? 600 : 60
const speed = pace === '1' ? 1 : 0

type Counts = Readonly<Record<string, number>>

const countsOf = (page: Page, side: 'ours' | 'plain'): Promise<Counts> =>
  page
    .locator(`[data-side=${side}] [data-count]`)
    .evaluateAll((all) =>
      Object.fromEntries(
        all.map((one) => [one.getAttribute('data-count') ?? '', Number(one.querySelector('dd')?.textContent?.replaceAll(',', ''))]),
      ),
    )

describe.skipIf(!canRun)(`${seconds} seconds of all faults in Chromium`, () => {
  const tools = withPage()

  const run = async (system: BenchSystem): Promise<void> => {
    const { page, complaints } = await openPage(tools.browser)
    await page.goto(`${tools.served.url}#/faults?system=${system}&seed=7&seconds=${seconds}&faults=${FAULTS}`)
    await page.locator('[data-view=faults]').waitFor()
    await page.locator('.pick', { has: page.locator(`[data-action="speed:${speed}"]`) }).click()
    await page.locator('[data-action=run]').click()
    await page.locator('[data-run=done]').waitFor({ timeout: isLong ? 1_100_000 : 110_000 })
    const [ours, plain] = [await countsOf(page, 'ours'), await countsOf(page, 'plain')]
    if (isLong) console.log(`${system}: ${JSON.stringify({ ours, plain })}`)
    expect(ours).toMatchObject({ lost: 0, doubled: 0, working: 0 })
    expect(ours.sent).toBeGreaterThan(seconds / 10)
    if (!CANNOT_TELL.includes(system)) expect(ours).toMatchObject({ ambiguous: 0, delivered: ours.sent })
    expect((plain.lost ?? 0) + (plain.doubled ?? 0)).toBeGreaterThan(0)
    // The line beside the button is exact: the faults lasted as long as the plan says.
    const said = await page.locator('[data-run]').textContent()
    expect(said).toContain(isLong ? '10 min of it with faults' : '60 s of it with faults')
    expect(complaints).toEqual([])
    await page.context().close()
  }

  if (pace === '1') test.concurrent.each(BENCH_SYSTEMS)('%s [lab.page.truth]', { timeout: 1_200_000 }, run)
  else test.each(BENCH_SYSTEMS)('%s [lab.page.truth]', { timeout: isLong ? 1_200_000 : 120_000 }, run)
})
