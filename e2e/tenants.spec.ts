import { join } from 'node:path'
import { z } from 'zod'
import { command, fault, npmStart, people } from './product.ts'
import { electronPath, inTab } from './screen.ts'
import { expect, incidentRow, picture, signIn, test } from './test.ts'

const Rooms = z.array(z.object({ name: z.string(), simulated: z.boolean(), signals: z.record(z.string(), z.unknown()) }))

test('[PAR-8] a partner sees the incidents of all customers in one list, or one customer at a time', async ({ page: tab, data }) => {
  test.skip(electronPath !== undefined, 'npm start opens its own window')
  const started = await npmStart(data, ['--rooms', '6'])
  try {
    const there = join(data, 'northwind')
    const namesIn = async (folder: string, having = 'versioning.os') =>
      Rooms.parse(JSON.parse(await command('agent', 'rooms', '--json', '--data', folder))).flatMap(({ name, simulated, signals }) =>
        simulated && having in signals ? [name] : [],
      )
    const [ours, theirs] = [(await namesIn(data)).filter((name) => name.startsWith('London')), await namesIn(there)]
    const cameras = await namesIn(data, 'peripherals.camera')
    const london = cameras.find((name) => name.startsWith('London'))
    const [rotterdam] = await namesIn(there, 'display.frontOfRoom1')
    if (london === undefined || rotterdam === undefined) throw new Error('a customer of the demo has no rooms')
    const hidden = cameras.find((name) => !name.startsWith('London')) ?? ''
    await fault(data, london, 'peripherals.camera', 'unhealthy')
    await fault(data, hidden, 'peripherals.camera', 'unhealthy')
    await fault(there, rotterdam, 'display.frontOfRoom1', 'unhealthy')

    const page = await signIn(tab, inTab(started.ready.console), people.partner)
    const enter = async (name: string) => {
      await page.getByTestId('tenant-switcher').click()
      await page.getByTestId('tenant-choice').filter({ hasText: name }).click()
      await expect(page.getByTestId('tenant-switcher')).toContainText(name)
    }
    await enter('All customers')
    await expect(incidentRow(page, london)).toContainText('Contoso')
    await expect(incidentRow(page, rotterdam)).toContainText('Northwind')
    await expect(page.getByTestId('incident-row')).toHaveCount(2)
    await picture(page, 'partner-1-together')
    await page.getByTestId('rail-rooms').click()
    await expect(page.getByTestId('room-row')).toHaveCount(ours.length + theirs.length)

    await enter('Northwind')
    await expect(page.getByTestId('room-row')).toHaveCount(theirs.length)
    await page.getByTestId('rail-incidents').click()
    await expect(incidentRow(page, london)).toHaveCount(0)
    await expect(incidentRow(page, rotterdam)).toBeVisible()
    await expect(incidentRow(page, hidden)).toHaveCount(0)
  } finally {
    await started.stop()
  }
})
