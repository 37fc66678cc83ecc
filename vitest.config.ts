import { existsSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { sourceAliases } from './playground/alias.js'

const required = process.env.SIGNALBOX_REQUIRE_ALL === '1'
const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))
const withBrowser = chromium !== undefined || required

/** Only a real server shows what these folders do, so their lines are counted by `npm run test:peers -- --coverage`. */
const BY_PEERS = ['transports/nats']
const withPeers = process.env.SIGNALBOX_PEERS === '1'

/** Each folder has its own threshold: a well-tested folder must not hide another one. A new folder is counted by itself. */
function countedFolders(): string[] {
  const foldersIn = (folder: string): string[] =>
    readdirSync(new URL(`./${folder}/`, import.meta.url), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !['bun', 'deno'].includes(entry.name))
      .map(({ name }) => `${folder}/${name}`)
  const all = ['src', 'src/core', ...foldersIn('src'), ...foldersIn('src/core'), ...foldersIn('transports')]
  const counted = withPeers ? BY_PEERS : all.filter((folder) => !BY_PEERS.includes(folder))
  return [...new Set(counted)].map((folder) => (folder === 'src' || folder === 'src/core' ? `${folder}/*.ts` : `${folder}/**/*.ts`))
}

const node = {
  test: {
    name: 'node',
    pool: 'forks' as const,
    include: ['test/**/*.test.ts'],
    exclude: ['test/**/*.browser.test.ts', 'test/peers/**', 'test/playground/**', '**/node_modules/**'],
    // These end a hang. A busy machine takes ten times as long as an idle one.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // A condition that is waited for comes late on a busy machine; the default of one second is a time, not a condition.
    expect: { poll: { timeout: 30_000 } },
  },
}

// The dashboard against the sources: its model and its workers here, and the built page in Chromium.
const dashboard = {
  resolve: { alias: sourceAliases() },
  oxc: { jsx: { runtime: 'automatic' as const, importSource: 'preact' } },
  test: {
    name: 'dashboard',
    pool: 'forks' as const,
    include: ['test/playground/**/*.test.ts'],
    globalSetup: ['test/playground/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
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
    expect: { poll: { timeout: 30_000 } },
  },
}

// Floods and fuzzing, some minutes long: `npm run test:attack`.
const attack = {
  test: {
    name: 'attack',
    pool: 'forks' as const,
    include: ['test/attack/**/*.attack.ts'],
    testTimeout: 300_000,
    fileParallelism: false,
  },
}

const browser = {
  test: {
    name: 'chromium',
    include: ['test/**/*.browser.test.ts'],
    testTimeout: 60_000,
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
    // Most tests wait for a peer and not for a core; one worker fewer than cores, the default, would leave two cores half idle.
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      node,
      dashboard,
      ...(withPeers ? [peers] : []),
      ...(process.env.SIGNALBOX_ATTACK ? [attack] : []),
      ...(withBrowser ? [browser] : []),
    ],
    // Both projects count together: what only a page can run, such as the IndexedDB drivers, is covered by Chromium.
    coverage: {
      provider: 'v8',
      include: withPeers ? BY_PEERS.map((folder) => `${folder}/**/*.ts`) : ['src/**/*.ts', 'transports/**/*.ts'],
      // Generated code, and what runs only inside Bun and Deno: the contract proves that there.
      exclude: [
        '**/*.d.ts',
        '**/*.gen.ts',
        'src/cmdop/gen/**',
        'transports/bun/**',
        'transports/deno/**',
        ...(withPeers ? [] : BY_PEERS.map((folder) => `${folder}/**`)),
      ],
      thresholds: Object.fromEntries(countedFolders().map((folder) => [folder, { lines: 80 }])),
    },
  },
})
