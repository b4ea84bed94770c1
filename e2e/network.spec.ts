import { fault, people } from './product.ts'
import { acknowledge, expect, incidentRow, signIn, test, toIncidents, whenLive } from './test.ts'

const room = async (api: { rooms(): Promise<{ name: string }[]> }): Promise<string> => {
  const [first] = await api.rooms()
  if (!first) throw new Error('the fleet has no rooms')
  return first.name
}

test('[CON-3, INC-5] acknowledged with the network cut, sent once when it is back, and kept over a restart of everything', async ({
  page: tab,
  stack,
  data,
}) => {
  const screen = await stack.start()
  const api = await stack.api()
  const name = await room(api)
  let page = await signIn(tab, screen, people.manager)
  await fault(data, name, 'peripherals.camera', 'unhealthy', 'camera unplugged')
  const row = incidentRow(page, name)
  await expect(row).toHaveAttribute('data-status', 'needAction')

  stack.proxy.cut()
  await expect(page.getByTestId('sync-state')).toHaveAttribute('data-sync', 'offline')
  await acknowledge(page, name, 'on it')
  await expect(row).toHaveAttribute('data-pending', 'true')
  expect((await api.incidents()).filter((incident) => incident.acknowledged)).toHaveLength(0)

  // Everything dies while it waits.
  await stack.kill('console')
  await stack.kill('service')
  await stack.kill('fleet')
  await stack.startService()
  await stack.startFleet()
  stack.proxy.resume()
  page = await (await stack.startConsole()).open(tab)
  await whenLive(page)
  await toIncidents(page)
  await expect(row).toHaveAttribute('data-acknowledged', 'true')
  await expect(row).toHaveAttribute('data-pending', 'false')
  const acknowledged = (await (await stack.api()).incidents()).filter((incident) => incident.acknowledged)
  expect(acknowledged.map((incident) => incident.acknowledged?.note)).toEqual(['on it'])
  await row.click()
  await expect(page.getByTestId('incident-pane').getByTestId('entry').filter({ hasText: 'on it' })).toHaveCount(1)
})

test('[CON-2] the console starts from its copy with no service at all, and says how old it is', async ({ page: tab, stack }) => {
  const screen = await stack.start()
  let page = await signIn(tab, screen, people.manager)
  await page.getByTestId('rail-rooms').click()
  await expect(page.getByTestId('room-row').first()).toBeVisible()

  await stack.kill('console')
  await stack.kill('service')
  page = await (await stack.startConsole()).open(tab)
  await expect(page.getByTestId('sync-state')).toHaveAttribute('data-sync', /offline|connecting/)
  await expect(page.getByTestId('card-happened')).toBeVisible()
  await page.getByTestId('rail-rooms').click()
  await expect(page.getByTestId('room-row').first()).toBeVisible()
})

test('[CON-2] a network that swallows everything is noticed, and a network that returns too', async ({ page: tab, stack, data }) => {
  const screen = await stack.start()
  const name = await room(await stack.api())
  const page = await signIn(tab, screen, people.manager)
  stack.proxy.hold()
  await expect(page.getByTestId('sync-state')).toHaveAttribute('data-sync', /offline|connecting/, { timeout: 90_000 })
  await fault(data, name, 'audio.microphone', 'unhealthy')
  stack.proxy.resume()
  await expect(incidentRow(page, name)).toHaveAttribute('data-status', 'needAction', { timeout: 60_000 })
})
