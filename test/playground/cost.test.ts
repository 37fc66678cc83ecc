/** The cost view: its figures without a page, and in Chromium behind a gateway and in the demo. */
import { describe, expect, test } from 'vitest'
import { createCostLedger, usedPart } from '../../playground/src/views/cost/ledger.js'
import type { HubEvent, HubEventBody } from '../../src/hub/index.js'
import { serveGatewayWorld } from './gateway.js'
import { canRun, openPage, shoot, violations, withPage } from './harness.js'

let seq = 0
const event = (body: HubEventBody & Partial<Record<'agent' | 'session' | 'at' | 'epoch' | 'origin', string>>): HubEvent => {
  seq += 1
  return { v: 1, seq, epoch: 'e', at: '2026-03-01T12:00:00.000Z', agent: 'claude/a', origin: 'live', ...body } as HubEvent
}
const usage = { kind: 'usage', basis: 'reported' } as const
const end = { kind: 'end', outcome: 'completed', sent: 'yes' } as const

describe('the figures [dashboard.cost.figures]', () => {
  test('figures of turns add up, a running total replaces the one before, and a new process starts at zero', () => {
    const ledger = createCostLedger()
    ledger.apply([
      event({ ...usage, scope: 'turn', costUsd: 1, tokens: { input: 10, output: 5, cacheRead: 1_000 } }),
      event({ ...usage, scope: 'turn', costUsd: 2, tokens: { input: 20, output: 5, cacheRead: 9_000 } }),
      event({ ...usage, scope: 'session', agent: 'acp/b', session: 's', costUsd: 4, tokens: { input: 100 } }),
      event({ ...usage, scope: 'session', agent: 'acp/b', session: 's', costUsd: 6, tokens: { input: 130 } }),
      event({ ...usage, scope: 'session', agent: 'acp/b', session: 's', costUsd: 1, tokens: { input: 7 }, epoch: 'later' }),
    ])
    expect(
      ledger.rows('agent').map(({ agent, figures }) => [agent, figures.reportedUsd, figures.input, figures.cacheRead]),
    ).toEqual([
      ['acp/b', 7, 137, 0],
      ['claude/a', 3, 30, 10_000],
    ])
  })

  test('tokens that no system reported are marked, so that the view shows no zero for them', () => {
    const ledger = createCostLedger()
    ledger.apply([
      event({ ...usage, scope: 'turn', costUsd: 1 }),
      event({ ...usage, scope: 'turn', agent: 'acp/b', tokens: { input: 0 } }),
    ])
    expect(ledger.rows('agent').map(({ agent, figures }) => [agent, figures.hasTokens])).toEqual([
      ['claude/a', false],
      ['acp/b', true],
    ])
    expect(ledger.total().hasTokens).toBe(true)
  })

  test('reported and estimated costs are never added to each other, and an unknown cost is not zero', () => {
    const ledger = createCostLedger()
    ledger.apply([
      event({ ...usage, scope: 'turn', costUsd: 1 }),
      event({ ...usage, scope: 'turn', basis: 'estimated', agent: 'acp/b', costUsd: 5 }),
      event({ ...usage, scope: 'turn', agent: 'cmdop/c', tokens: { input: 5 } }),
      event({ ...end, agent: 'cmdop/c' }),
      event({ ...end, agent: 'ccc/d' }),
      event(end),
      event({ ...end, agent: 'ccc/d', sent: 'no' }),
    ])
    expect(ledger.total()).toMatchObject({ reportedUsd: 1, estimatedUsd: 5, turns: 3, turnsWithoutCost: 2 })
    expect(ledger.rows('agent').find(({ agent }) => agent === 'cmdop/c')?.figures).not.toHaveProperty('reportedUsd')
    expect(ledger.omitted()).toEqual([
      { agent: 'cmdop/c', turns: 1 },
      { agent: 'ccc/d', turns: 1 },
    ])
  })

  test('replayed events cost nothing, and rows are by session and by local day', () => {
    const ledger = createCostLedger()
    ledger.apply([
      event({ ...usage, scope: 'turn', costUsd: 1, session: 'x', at: '2026-03-01T12:00:00.000Z' }),
      event({ ...usage, scope: 'turn', costUsd: 2, session: 'y', at: '2026-03-03T12:00:00.000Z' }),
      event({ ...usage, scope: 'turn', costUsd: 9, session: 'x', origin: 'replay' }),
      event({ kind: 'gap', reason: 'expired', agent: '' }),
    ])
    expect(ledger.rows('session').map(({ session, figures }) => [session, figures.reportedUsd])).toEqual([
      ['y', 2],
      ['x', 1],
    ])
    expect(ledger.rows('day').map(({ day }) => day)).toEqual(['2026-03-03', '2026-03-01'])
    expect(ledger.gaps.map(({ reason }) => reason)).toEqual(['expired'])
  })

  test('a budget with two limits is as full as the fuller one', () => {
    expect(usedPart({ maxCostUsd: 10, maxTokens: 100 }, 1, 90)).toBe(0.9)
    expect(usedPart({ maxCostUsd: 0 }, 0, 0)).toBe(0)
    expect(usedPart({ maxCostUsd: 0 }, 1, 0)).toBe(1)
  })
})

describe.skipIf(!canRun)('the page [dashboard.cost.page]', () => {
  const tools = withPage()

  test('behind a gateway: sums, what they omit, the sum of the hub, and its budgets with their state', async () => {
    const budgets = [
      { name: 'today', maxCostUsd: 5, over: 'warn' },
      { name: 'review', agents: ['script/review'], maxCostUsd: 0.5, over: 'stop' },
      { name: 'tokens', maxTokens: 1_000_000, over: 'stop' },
    ] as const
    await using world = await serveGatewayWorld(tools.folder, {
      hub: { budgets },
      scripted: {
        agents: ['review', 'builder', 'docs'],
        script(turn) {
          const tokens = { input: 12_000, output: 1_800, cacheRead: 240_000 }
          const { agent } = turn.prompt
          if (agent === 'script/review') turn.event({ ...usage, scope: 'turn', costUsd: 0.7, tokens })
          if (agent === 'script/builder') turn.event({ ...usage, scope: 'turn', basis: 'estimated', costUsd: 0.25, tokens })
          turn.end()
        },
      },
    })
    const { hub, served } = world
    for (const agent of ['review', 'builder', 'docs', 'builder']) await hub.prompt(`script/${agent}`, 'x').end()
    for (const theme of ['light', 'dark', 'phone'] as const) {
      const { page, complaints } = await openPage(tools.browser, theme === 'phone' ? { phone: true } : { theme })
      await page.goto(await served.ticketUrl())
      await page.locator('[data-action=connect]').click()
      await page.locator('[data-action="view:cost"]').click()
      await page.locator('[data-budget=review][data-passed=true]').waitFor()
      expect(await page.locator('[data-total=Reported]').innerText()).toContain('$0.70')
      expect(await page.locator('[data-total=Estimated]').innerText()).toContain('$0.50')
      expect(await page.locator('[data-total="Fresh tokens"]').innerText()).toContain('41,400')
      expect(await page.locator('[data-omits]').innerText()).toContain('docs (1 turn)')
      expect(await page.locator('[data-spent]').innerText()).toContain('$1.20 for 2 agents, some of it reported, some estimated')
      expect(await page.locator('[data-budget=review]').innerText()).toContain('New prompts are refused')
      expect(await page.locator('[data-budget=today]').innerText()).toContain('docs')
      await shoot(page, `cost-${theme}`)
      await page.locator('[data-action=by-session]').click()
      await page.locator('th', { hasText: 'Session' }).waitFor()
      await page.locator('[data-action=by-day]').click()
      await page.locator('[data-day]').first().waitFor()
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
      expect(overflow).toBeLessThanOrEqual(0)
      expect(await violations(page, '[data-view=cost]')).toEqual([])
      expect(complaints).toEqual([])
      await page.context().close()
    }
  })

  test('a hub without turns and budgets says so, and how to set a budget', async () => {
    await using world = await serveGatewayWorld(tools.folder)
    const { page, complaints } = await openPage(tools.browser)
    await page.goto(await world.served.ticketUrl())
    await page.locator('[data-action=connect]').click()
    await page.locator('[data-action="view:cost"]').click()
    await page.locator('[data-empty]').waitFor()
    await expect.poll(() => page.locator('[data-view=cost]').innerText()).toContain('This hub has no budget')
    await shoot(page, 'cost-empty')
    expect(await violations(page, '[data-view=cost]')).toEqual([])
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('in the demo, costs and budgets of the simulated agents appear', async () => {
    const { page, complaints } = await openPage(tools.browser)
    await page.goto(`${tools.served.url}#/cost`)
    await page.locator('[data-view=cost] [data-agent]').first().waitFor()
    await page.locator('[data-budget]').first().waitFor()
    await shoot(page, 'cost-demo')
    expect(await violations(page, '[data-view=cost]')).toEqual([])
    expect(complaints).toEqual([])
    await page.context().close()
  })
})
