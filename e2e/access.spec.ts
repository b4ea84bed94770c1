import { readFileSync } from 'node:fs'
import type { Locator, Page } from '@playwright/test'
import { people } from './product.ts'
import { expect, picture, signIn, test } from './test.ts'

/** What the documents of the reference product say, step by step and under the names that they use. */

const button = (within: Page | Locator, name: string): Locator => within.getByRole('button', { name, exact: true })
const wizardOf = (page: Page): Locator => page.getByTestId('wizard')
const next = async (page: Page): Promise<void> => button(wizardOf(page), 'Next').click()

async function openSettings(page: Page, entry: string): Promise<void> {
  await page.getByTestId('rail-settings').click()
  await page.getByRole('link', { name: entry, exact: true }).click()
}

/** Finds members by name and takes them. */
async function addMember(within: Locator, name: string): Promise<void> {
  await within.getByTestId('member-search').fill(name)
  await within.getByTestId('member-match').filter({ hasText: name }).click()
  await expect(within.getByTestId('member-chip').filter({ hasText: name })).toBeVisible()
}

/** Finds the room of this name and takes it. */
async function addRoom(within: Locator, name: string): Promise<void> {
  await within.getByTestId('scope-search').locator('input').fill(name)
  const rows = within.getByTestId('scope-room')
  await expect(rows).toHaveCount(1)
  await rows.click()
  await expect(rows).toHaveAttribute('aria-selected', 'true')
}

test.use({ viewport: { width: 1280, height: 800 } })

test('[ACC-4, ACC-5] a Pro Manager is assigned, and a custom role is made with its first assignment', async ({ page: tab, stack }) => {
  const screen = await stack.start()
  const [room] = await (await stack.api()).rooms()
  const page = await signIn(tab, screen, people.manager)

  await openSettings(page, 'Roles')
  await page.getByRole('link', { name: 'Teams Rooms Pro Manager', exact: true }).click()
  await page.getByRole('tab', { name: 'Assignments' }).click()
  await button(page, 'Add').click()
  await wizardOf(page).getByLabel('Name').fill('Second shift')
  await next(page)
  await addMember(wizardOf(page), 'Emma Rossi')
  await next(page)
  await expect(wizardOf(page)).toContainText('always covers all rooms and room groups')
  await next(page)
  await expect(page.getByTestId('effect-person')).toContainText('Emma Rossi')
  await picture(page, 'access-1-assignment')
  await button(wizardOf(page), 'Add assignment').click()
  await expect(page.getByTestId('assignment-row').filter({ hasText: 'Second shift' })).toBeVisible()

  await openSettings(page, 'Roles')
  await button(page, 'Create role').click()
  await wizardOf(page).getByLabel('Name').fill('Remote support')
  await wizardOf(page).getByLabel('Description').fill('Sees and drives consoles of rooms')
  await next(page)
  await wizardOf(page).getByTestId('permission-remoteAccess.modify').getByRole('checkbox').click()
  await next(page)
  await wizardOf(page).getByLabel('Name').fill('Remote support, London')
  await next(page)
  await addMember(wizardOf(page), 'Remote support')
  await next(page)
  await page.getByTestId('scope-some').click()
  await addRoom(wizardOf(page), room?.name ?? '')
  await next(page)
  await expect(page.getByTestId('effect-person').first()).toBeVisible()
  await picture(page, 'access-2-role')
  await button(wizardOf(page), 'Create role').click()
  await expect(page.getByTestId('role-page')).toContainText('1 of 21')
})

test('[PAR-1, PAR-2, PAR-5, PAR-6] a partner is invited with manual approval, accepts, asks, gets more rooms, and is removed', async ({
  page: tab,
  stack,
  browser,
}) => {
  const screen = await stack.start()
  const rooms = await (await stack.api()).rooms()
  const [first, second] = rooms.filter(({ place }) => place.building.startsWith('Lyon'))
  if (!first || !second) throw new Error('the fleet has no two rooms in Lyon')
  const page = await signIn(tab, screen, people.manager)

  await openSettings(page, 'Partners')
  await button(page, 'Add partner').click()
  const wizard = wizardOf(page)
  await wizard.getByLabel('Partner’s domain name').fill('litware.example')
  await wizard.getByLabel('Days until the invitation expires').fill('7')
  await wizard.getByRole('group', { name: 'Update rings' }).getByText('Manual approval').click()
  await next(page)
  await page.getByTestId('scope-some').click()
  await addRoom(wizard, first.name)
  await next(page)
  await button(wizard, 'I agree').click()
  await next(page)
  await expect(page.getByTestId('partner-review')).toContainText('litware.example')
  await picture(page, 'access-3-invitation')
  await button(wizard, 'Add partner').click()
  await expect(page.getByTestId('partner-row').filter({ hasText: 'litware.example' })).toContainText('Invited until')

  // The partner, at a console of its own.
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  const partner = await signIn(await context.newPage(), await stack.startAnotherConsole('partner'), people.invited)
  await partner.getByTestId('rail-tenants').click()
  await button(partner.getByTestId('invitation').filter({ hasText: 'Contoso invites you' }), 'Accept').click()
  await addMember(wizardOf(partner), 'Luca Bianchi')
  await next(partner)
  await button(wizardOf(partner), 'Accept').click()
  const customer = partner.getByTestId('customer-row').filter({ hasText: 'Contoso' })
  await button(customer, 'Open').click()
  await partner.getByTestId('rail-rooms').click()
  await expect(partner.getByTestId('room-row')).toHaveCount(1)
  await partner.getByTestId('room-row').click()
  await partner.getByTestId('room-ring').click()
  await partner.getByRole('menuitemradio', { name: 'Executive' }).click()
  await expect(partner.getByTestId('ring-asked')).toContainText('waits for Contoso’s approval')
  await expect(partner.getByTestId('ring-pending')).toHaveText('Waiting for approval')
  await picture(partner, 'access-4-request')

  await openSettings(page, 'Approvals')
  const request = page.getByTestId('request')
  await expect(request).toContainText(first.name)
  await request.getByTestId('request-note').fill('Fine for this room')
  await picture(page, 'access-5-approval')
  await button(request, 'Approve').click()
  await expect(page.getByTestId('request-decided')).toContainText('Fine for this room')
  await expect(partner.getByTestId('ring-asked')).toHaveCount(0)
  await expect(partner.getByTestId('room-ring')).toContainText('Executive')

  // Both names are in the audit log.
  await openSettings(page, 'Audit')
  const done = page
    .getByTestId('audit-row')
    .filter({ hasText: 'Luca Bianchi · Litware Services' })
    .filter({ hasText: 'Update' })
    .filter({ hasText: first.name })
  await done.getByTestId('audit-toggle').click()
  await expect(page.getByTestId('audit-detail')).toContainText('Amélie Laurent')
  await picture(page, 'access-6-audit')

  await button(page, 'Export').click()
  const path = await page.getByTestId('toast').filter({ hasText: 'Audit log exported' }).locator('.mono').innerText()
  const [head, ...lines] = readFileSync(path, 'utf8').trim().split('\r\n')
  expect(head).toBe(
    'activity.category,activity.objectName,activity.operation,activity.resultStatus,activity.tenantId,' +
      'creationTime,user.userId,user.userTenantId',
  )
  expect(lines.some((line) => line.includes(first.name))).toBe(true)

  // More rooms, later.
  await openSettings(page, 'Roles')
  await page.getByRole('tab', { name: 'Partner roles' }).click()
  await page.getByTestId('partner-roles').filter({ hasText: 'Litware' }).getByRole('link', { name: 'Primary Admin' }).click()
  await page.getByRole('tab', { name: 'Assignments' }).click()
  await button(page, 'Assigned admins').click()
  const pane = page.getByTestId('assignment-pane')
  await pane.getByRole('tab', { name: 'Scope' }).click()
  await button(pane, 'Edit').click()
  await addRoom(pane, second.name)
  await button(pane, 'Save').click()
  await button(pane, 'Edit').waitFor()
  await page.keyboard.press('Escape')
  await expect(pane).toHaveCount(0)
  await partner.getByTestId('rail-rooms').click()
  await expect(partner.getByTestId('room-row')).toHaveCount(2)

  // And the end.
  await openSettings(page, 'Partners')
  await button(page.getByTestId('partner-row').filter({ hasText: 'litware.example' }), 'Litware Services').click()
  await button(page, 'Remove partner').click()
  await button(page.getByTestId('partner-removing'), 'Delete').click()
  await button(page.getByTestId('partner-delete-dialog'), 'Delete').click()
  await expect(page.getByTestId('partner-row').filter({ hasText: 'litware.example' })).toHaveCount(0)
  await expect(partner.getByTestId('room-row')).toHaveCount(0)
  await context.close()
})
