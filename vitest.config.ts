import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'

const required = process.env.SIGNALBOX_REQUIRE_ALL === '1'
const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))
const withBrowser = chromium !== undefined || required

const node = {
  test: {
    name: 'node',
    pool: 'forks' as const,
    include: ['test/**/*.test.ts'],
    exclude: ['test/**/*.browser.test.ts', 'test/peers/**', '**/node_modules/**'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
}

// Real systems from registries, some of them hundreds of megabytes: `npm run test:peers`.
const peers = {
  test: {
    name: 'peers',
    pool: 'forks' as const,
    include: ['test/peers/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
}

const browser = {
  test: {
    name: 'chromium',
    include: ['test/**/*.browser.test.ts'],
    testTimeout: 30_000,
    globalSetup: existsSync(fileURLToPath(new URL('./test/browser-setup.ts', import.meta.url))) ? ['test/browser-setup.ts'] : [],
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          ...(chromium ? { executablePath: chromium } : {}),
          args: [
            '--no-sandbox',
            '--disable-gpu',
            '--disable-quic',
            '--no-first-run',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
          ],
        },
      }),
      instances: [{ browser: 'chromium' as const }],
    },
  },
}

export default defineConfig({
  test: {
    projects: [node, ...(process.env.SIGNALBOX_PEERS === '1' ? [peers] : []), ...(withBrowser ? [browser] : [])],
    coverage: { provider: 'v8', include: ['src/**', 'transports/**'], exclude: ['**/*.d.ts', 'src/cmdop/gen/**'] },
  },
})
