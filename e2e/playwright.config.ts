import { defineConfig } from '@playwright/test'
import { chromiumFlags, findChromium } from '../build/chromium.ts'

const executablePath = process.env['ROOMKEEPER_CHROMIUM'] ?? findChromium()

/**
 * Each test starts the product itself (e2e/product.ts), so that few run at a time, of whichever files: two, each with one
 * Chromium for all of its tests; a third one on two cores makes nothing sooner. What a failed test saw is kept in out/test/e2e.
 */
export default defineConfig({
  testDir: '.',
  testMatch: '**/*.spec.ts',
  outputDir: '../out/test/e2e',
  fullyParallel: true,
  workers: 2,
  // Bounds that end a hang: far above what the product needs on a machine that has all its cores busy.
  timeout: 300_000,
  expect: { timeout: 30_000 },
  forbidOnly: true,
  reporter: [['list'], ['../build/playwright-counts.ts']],
  use: {
    browserName: 'chromium',
    launchOptions: { ...(executablePath === undefined ? {} : { executablePath }), args: chromiumFlags },
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    screenshot: 'only-on-failure',
    trace: 'off',
  },
})
