/** What a first visit costs: the bytes of the first load, and the time until the page can be used. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { builtPage, canRun, launch, openPage, serveFolder } from './harness.js'

const LIMIT_KB = 150

test.skipIf(!canRun)(
  '[dashboard.size] [dashboard.opens] [dashboard.policy] the first load is small, from one host, and soon useful',
  async () => {
    const folder = builtPage()
    await using served = await serveFolder(folder)
    const browser = await launch()
    const { page, complaints } = await openPage(browser)
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await page.goto(served.url)
    // The navigation, the palette and the list of agents work from here on.
    await page.locator('.fleet-row').first().waitFor()
    const usable = await page.evaluate(() => performance.now())
    await page.locator('.nav .badge').waitFor()
    const firstAsk = await page.evaluate(() => performance.now())
    const size = (path: string): number => gzipSync(readFileSync(join(folder, path === '/' ? 'index.html' : path))).length / 1024
    const paths = [...new Set(asked.map((url) => new URL(url).pathname))]
    // Four of the simulated systems are loaded when the hub and the first agents are already there.
    const late = paths.filter((path) => /\/(?:acp|ccc|cccc|cmdop)-[^/]+\.js$/.test(path))
    const worker = paths.filter((path) => /\/main-[^/]+\.js$/.test(path))
    const shell = paths.filter((path) => !worker.includes(path) && !late.includes(path))
    const sum = (list: readonly string[]): number => list.reduce((total, path) => total + size(path), 0)
    console.log(
      `first load: ${sum(shell).toFixed(1)} KB gzip for the page, ${sum(worker).toFixed(1)} KB for the worker, then ${sum(late).toFixed(1)} KB; ` +
        `agents after ${usable.toFixed(0)} ms, the first ask after ${firstAsk.toFixed(0)} ms`,
    )
    expect(asked.every((url) => url.startsWith(served.url))).toBe(true)
    expect(sum(shell) + sum(worker)).toBeLessThanOrEqual(LIMIT_KB)
    expect(complaints).toEqual([])
    await browser.close()
  },
)
