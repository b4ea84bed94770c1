import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test as base, type Page } from '@playwright/test'
import { root } from '../build/paths.ts'
import { Stack, type StackOptions, tempFolder } from './product.ts'
import { type Screen } from './screen.ts'

interface Fixtures {
  /** An empty data folder, removed after the test. */
  data: string
  /** Service, fleet and console of this test's own; `stackOptions` says how. Not started yet. */
  stack: Stack
  stackOptions: StackOptions
}

export const test = base.extend<Fixtures>({
  data: async ({}, use, info) => {
    const folder = tempFolder()
    await use(folder.path)
    const logs = join(folder.path, 'logs')
    if (info.status !== info.expectedStatus && existsSync(logs)) {
      for (const name of readdirSync(logs)) await info.attach(name, { path: join(logs, name), contentType: 'text/plain' })
    }
    folder.remove()
  },
  stackOptions: [{}, { option: true }],
  stack: async ({ data, stackOptions }, use) => {
    const stack = new Stack(data, stackOptions)
    await use(stack)
    await stack.stop()
  },
})

export { expect }

/** Opens the console and signs in on the issuer's own page, as a person does. Answers the console's screen, at the incidents. */
export async function signIn(tab: Page, screen: Screen, email: string): Promise<Page> {
  const page = await screen.open(tab)
  await page.getByTestId('sign-in-browser').click()
  const issuer = await screen.issuer(tab)
  await issuer.locator(`button[name="email"][value="${email}"]`).click()
  await whenLive(page)
  await toIncidents(page)
  return page
}

/** From the overview, or wherever the console is. */
export const toIncidents = (page: Page): Promise<void> => page.evaluate(() => void (location.hash = '#/incidents'))

/** Waits until the console follows the service live. */
export async function whenLive(page: Page): Promise<void> {
  await expect(page.getByTestId('sync-state')).toHaveAttribute('data-sync', 'live', { timeout: 45_000 })
}

export const incidentRow = (page: Page, room: string) => page.getByTestId('incident-row').filter({ hasText: room })

/**
 * Opens the incident of a room. A machine clicks within the same moment in which it has arrived over the list, so a row
 * that comes in just then may be hit instead: it looks, and clicks again.
 */
export async function openIncident(page: Page, room: string): Promise<void> {
  await expect(async () => {
    await incidentRow(page, room).click()
    await expect(page.getByTestId('incident-pane')).toContainText(room, { timeout: 2_000 })
  }).toPass()
}

/** Acknowledges the incident of a room with a note, through the open pane. */
export async function acknowledge(page: Page, room: string, note: string): Promise<void> {
  await openIncident(page, room)
  const pane = page.getByTestId('incident-pane')
  await pane.getByTestId('acknowledge').click()
  await pane.getByTestId('acknowledge-note').fill(note)
  await pane.getByTestId('acknowledge-confirm').click()
  await expect(pane).toHaveAttribute('data-acknowledged', 'true')
}

/** The picture of a screen for the README, where the run was asked for them (`--screenshots`). */
export async function picture(page: Page, name: string): Promise<void> {
  if (process.env['ROOMKEEPER_SCREENSHOTS'] === undefined) return
  const images = join(root, 'docs', 'images')
  mkdirSync(images, { recursive: true })
  await page.screenshot({ path: join(images, `${name}.png`), animations: 'disabled' })
}

export async function workOffline(page: Page, on: boolean): Promise<void> {
  await page.getByTestId('sync-state').click()
  await page.getByTestId('work-offline').click()
  await page.keyboard.press('Escape')
  const state = page.getByTestId('sync-state')
  if (on) await expect(state).toHaveAttribute('data-sync', 'offline')
  else await whenLive(page)
}
