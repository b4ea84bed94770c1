import { readFileSync } from 'node:fs'
import type { Locator, Page } from '@playwright/test'
import { people } from './product.ts'
import { expect, picture, signIn, test } from './test.ts'

/** Remote access as the documents describe it: switch, role, security group, room, session; then what the audit keeps of it. */

const button = (within: Page | Locator, name: string): Locator => within.getByRole('button', { name, exact: true })
const wizardOf = (page: Page): Locator => page.getByTestId('wizard')
const next = async (page: Page): Promise<void> => button(wizardOf(page), 'Next').click()

async function openSettings(page: Page, entry: string): Promise<void> {
  await page.getByTestId('rail-settings').click()
  await page.getByRole('link', { name: entry, exact: true }).click()
}

/** Settings → General: allowed, with a contact and with recordings. */
async function switchOn(page: Page): Promise<void> {
  await openSettings(page, 'General')
  await page.getByRole('switch', { name: 'Allow Teams Rooms Pro Management Remote access' }).click()
  await expect(page.getByTestId('setting-remoteContact')).toHaveValue(people.manager)
  await page.getByTestId('setting-recordSessions').click()
  await page.getByTestId('remote-save').click()
  await expect(page.getByTestId('remote-save')).toBeHidden()
}

/** A custom role with Remote Access: Modify, for the security group "Remote support", over one room. */
async function makeRole(page: Page, room: string): Promise<void> {
  await openSettings(page, 'Roles')
  await button(page, 'Create role').click()
  const wizard = wizardOf(page)
  await wizard.getByLabel('Name').fill('Remote support')
  await next(page)
  await wizard.getByTestId('permission-remoteAccess.modify').getByRole('checkbox').click()
  await next(page)
  await wizard.getByLabel('Name').fill('Remote support, one room')
  await next(page)
  await wizard.getByTestId('member-search').fill('Remote support')
  await wizard.getByTestId('member-match').filter({ hasText: 'Remote support' }).click()
  await next(page)
  await page.getByTestId('scope-some').click()
  await wizard.getByTestId('scope-search').locator('input').fill(room)
  await expect(wizard.getByTestId('scope-room')).toHaveCount(1)
  await wizard.getByTestId('scope-room').click()
  await next(page)
  await expect(page.getByTestId('effect-person').first()).toBeVisible()
  await button(wizard, 'Create role').click()
  await expect(page.getByTestId('role-page')).toContainText('1 of 21')
}

async function openRoom(page: Page, room: string): Promise<void> {
  await page.getByTestId('rail-rooms').click()
  await page.getByTestId('room-row').filter({ hasText: room }).click()
  await page.getByRole('tab', { name: 'Remote access' }).click()
}

const screenOf = (page: Page): Locator => page.getByTestId('remote-session').locator('canvas')
/** Some of the picture's pixels, as text: another picture is another text. */
const pixelsOf = (canvas: Locator): Promise<string> =>
  canvas.evaluate((element) => {
    if (!(element instanceof HTMLCanvasElement) || element.width === 0) return ''
    const pixels = element.getContext('2d')?.getImageData(0, 0, element.width, element.height).data ?? []
    let text = ''
    for (let at = 0; at < pixels.length; at += 4 * 997) text += `${pixels[at]},${pixels[at + 1]},${pixels[at + 2]};`
    return new Set(text.split(';')).size < 10 ? '' : text
  })

/** Waits until a picture is drawn, and answers it. */
async function drawn(canvas: Locator, other = ''): Promise<string> {
  await expect
    .poll(async () => {
      const now = await pixelsOf(canvas)
      return now !== '' && now !== other
    })
    .toBe(true)
  return pixelsOf(canvas)
}

async function start(page: Page): Promise<string> {
  await page.getByTestId('remote-start-modify').click()
  await expect(page.getByTestId('remote-session')).toHaveAttribute('data-state', 'live')
  return drawn(screenOf(page))
}

/** Clicks the picture at a share of its width and height. */
async function clickAt(page: Page, x: number, y: number): Promise<void> {
  const box = await screenOf(page).boundingBox()
  if (!box) throw new Error('there is no picture')
  await page.mouse.click(box.x + box.width * x, box.y + box.height * y)
}

test.use({ viewport: { width: 1280, height: 800 } })

test('[REM-1, REM-2, REM-3, REM-8] remote access is switched on, given to a group, used, recorded, exported, and taken away', async ({
  page: tab,
  stack,
  browser,
}) => {
  const screen = await stack.start()
  const room = (await (await stack.api()).rooms()).find(({ place }) => place.building.startsWith('Lyon'))?.name ?? ''
  const page = await signIn(tab, screen, people.manager)

  const other = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  const lead = await signIn(other, await stack.startAnotherConsole('clara'), people.siteLead)
  await openRoom(lead, room)
  await expect(lead.getByTestId('remote-start-modify')).toHaveCount(0)

  await switchOn(page)
  await picture(page, 'remote-1-switch')
  await makeRole(page, room)

  const home = await start(lead)
  await expect(lead.getByTestId('remote-recorded')).toBeVisible()
  await expect(lead.getByTestId('remote-status')).toBeVisible()
  await picture(lead, 'remote-2-session')

  // The lower right corner of a Teams Rooms console: its settings.
  await clickAt(lead, 0.95, 0.92)
  const changed = await drawn(screenOf(lead), home)
  expect(changed).not.toBe(home)

  await lead.getByTestId('remote-terminal-new').click()
  const terminal = lead.locator('.xterm-rows')
  await expect(terminal).toBeVisible()
  await lead.keyboard.type('status\n')
  await expect(terminal).toContainText('Nothing is wrong')
  await picture(lead, 'remote-3-terminal')

  // Elsewhere the session stays at the lower edge.
  await lead.getByTestId('rail-incidents').click()
  await expect(lead.getByTestId('session-tab')).toContainText(room)
  await lead.getByTestId('session-tab').click()
  await expect(lead.getByTestId('remote-session')).toBeVisible()
  await lead.getByTestId('remote-end').click()
  await expect(lead.getByTestId('remote-reason')).toHaveAttribute('data-reason', 'operatorEnded')
  await lead.getByTestId('remote-forget').click()
  await expect(lead.getByTestId('session-tab')).toHaveCount(0)

  await openSettings(page, 'Remote sessions')
  const row = page.getByTestId('session-row').filter({ hasText: room })
  await expect(row).toHaveCount(1)
  await expect(row).toHaveAttribute('data-end', 'operatorEnded')
  await picture(page, 'remote-4-log')
  await page.getByTestId('sessions-export').click()
  const path = await page.getByTestId('toast').filter({ hasText: 'Session log saved' }).locator('.mono').innerText()
  const [, ...lines] = readFileSync(path, 'utf8').trim().split('\r\n')
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('Clara Nguyen')
  expect(lines[0]).toContain('operatorEnded')

  // The last part of the recording comes after the session has ended.
  await expect(async () => {
    await page.getByTestId('sessions-refresh').click()
    await page.getByTestId('session-play').click({ timeout: 1_000 })
  }).toPass({ timeout: 30_000 })
  await drawn(page.getByTestId('playback-console').locator('canvas'))
  await page.getByTestId('playback-search').locator('input').fill('camera')
  await page.getByTestId('playback-hit').first().click()
  await page.getByRole('tab', { name: 'Terminal 1' }).click()
  await expect(page.getByTestId('playback-terminal')).toContainText('Nothing is wrong')
  await picture(page, 'remote-5-recording')

  // The device restarts after a session with control; then once more, and the role is taken away meanwhile.
  await openRoom(lead, room)
  await expect(async () => {
    if (await lead.getByTestId('remote-start-modify').isVisible()) await lead.getByTestId('remote-start-modify').click()
    await expect(lead.getByTestId('remote-session')).toHaveAttribute('data-state', 'live', { timeout: 2_000 })
  }).toPass({ timeout: 30_000 })
  await openSettings(page, 'Roles')
  await page.getByRole('link', { name: 'Remote support', exact: true }).click()
  await page.getByTestId('role-delete').click()
  await page.getByTestId('delete-confirm').click()
  await expect(lead.getByTestId('remote-reason')).toHaveAttribute('data-reason', 'accessWithdrawn')
  await picture(lead, 'remote-6-withdrawn')
  await other.close()
})
