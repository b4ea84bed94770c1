import { fault, people } from './product.ts'
import { expect, incidentRow, openIncident, signIn, test, whenLive } from './test.ts'

test('[ACC-6] each role sees its own rooms and no entry that leads nowhere', async ({ page: tab, stack, data }) => {
  const screen = await stack.start()
  const rooms = await (await stack.api()).rooms()
  const lyon = rooms.filter((room) => room.place.building === 'Lyon – Confluence')
  const london = rooms.filter((room) => room.place.building === 'London – Bishopsgate')
  const [mine] = lyon
  const [other] = london
  if (!mine || !other) throw new Error('the fleet has no rooms in Lyon or London')
  await fault(data, other.name, 'peripherals.camera', 'unhealthy')
  await fault(data, mine.name, 'peripherals.camera', 'unhealthy')

  const page = await signIn(tab, screen, people.siteLead)
  await expect(incidentRow(page, mine.name)).toHaveAttribute('data-status', 'needAction')
  await expect(incidentRow(page, other.name)).toHaveCount(0)
  await page.getByTestId('rail-rooms').click()
  await expect(page.getByTestId('room-row')).toHaveCount(lyon.length)
  await expect(page.getByTestId('room-row').filter({ hasText: other.name })).toHaveCount(0)
  // The palette never names what the person may not see.
  await page.keyboard.press('Control+k')
  await page.getByTestId('palette-input').fill(other.name)
  await expect(page.getByTestId('palette-entry').filter({ hasText: other.name })).toHaveCount(0)
})

test('[ACC-8] rooms that are taken away leave the screen and the copy', async ({ page: tab, stack }) => {
  const screen = await stack.start()
  const api = await stack.api()
  const assignment = (await api.assignments()).find((one) => one.role === 'siteTech')
  if (!assignment) throw new Error('there is no Site Tech')
  const montreal = (await api.rooms()).filter((one) => one.place.building.startsWith('Montréal')).map(({ id }) => id)
  let page = await signIn(tab, screen, people.siteTech)
  await page.getByTestId('rail-rooms').click()
  await expect(page.getByTestId('room-row')).toHaveCount(montreal.length)
  await api.changeRooms(assignment, montreal.slice(0, 1))
  await expect(page.getByTestId('room-row')).toHaveCount(1)

  // Nor does a start from the copy, with no service, bring them back.
  await stack.kill('console')
  await stack.kill('service')
  page = await (await stack.startConsole()).open(tab)
  await page.getByTestId('rail-rooms').click()
  await expect(page.getByTestId('room-row')).toHaveCount(1)
})

test('[CON-3] a command that the service refuses is shown with the reason and what was typed', async ({ page: tab, stack, data }) => {
  const screen = await stack.start()
  const api = await stack.api()
  const assignment = (await api.assignments()).find((one) => one.role === 'siteTech')
  const rooms = await api.rooms()
  const room = rooms.find(({ place }) => place.building.startsWith('Montréal'))
  const another = rooms.find(({ place }) => !place.building.startsWith('Montréal'))
  if (!assignment || !room || !another) throw new Error('the Site Tech has no room')
  await fault(data, room.name, 'peripherals.camera', 'unhealthy')
  const page = await signIn(tab, screen, people.siteTech)
  await openIncident(page, room.name)
  stack.proxy.cut()
  await expect(page.getByTestId('sync-state')).toHaveAttribute('data-sync', 'offline')
  await page.getByTestId('comment-field').fill('replaced the cable behind the display')
  await page.getByTestId('comment-send').click()
  await expect(page.getByTestId('outbox-button')).toBeVisible()

  // While nobody could tell the console, the room was taken away.
  await api.changeRooms(assignment, [another.id])
  stack.proxy.resume()
  await whenLive(page)
  await page.getByTestId('outbox-button').click()
  const row = page.getByTestId('outbox-row')
  await expect(row).toContainText('replaced the cable behind the display')
  await expect(row.getByTestId('outbox-discard')).toBeVisible()
  await row.getByTestId('outbox-discard').click()
  await expect(row).toHaveCount(0)
})
