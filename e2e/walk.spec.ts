import { z } from 'zod'
import { command, faultArgs, npmStart, people } from './product.ts'
import { electronPath, inTab } from './screen.ts'
import { acknowledge, expect, incidentRow, openIncident, picture, signIn, test, toIncidents, whenLive, workOffline } from './test.ts'

const note = 'Someone has unplugged the camera; I am on my way'
const camera = ['peripherals.camera', 'unhealthy', 'Logitech Rally Bar not found'] as const

test('[CON-3, INC-5] a fault reaches the screen; acknowledged offline, it is still so after everything was restarted', async ({
  page,
  data,
}) => {
  test.skip(electronPath !== undefined, 'npm start opens its own window; network.spec.ts goes the same way in Electron')
  let started = await npmStart(data)
  try {
    const rooms = z
      .array(z.object({ name: z.string(), simulated: z.boolean() }))
      .parse(JSON.parse(await command('agent', 'rooms', '--json', '--data', data)))
    expect(rooms.filter((room) => room.simulated)).toHaveLength(24)
    const room = rooms.find((one) => one.simulated)?.name ?? ''

    await signIn(page, inTab(started.ready.console), people.manager)
    await command('agent', ...faultArgs(data, room, ...camera))

    // Without a touch of the screen.
    const row = incidentRow(page, room)
    await expect(row).toHaveAttribute('data-status', 'needAction')
    const number = await row.getAttribute('data-incident-number')

    await row.click()
    await expect(page.getByTestId('incident-pane')).toHaveAttribute('data-incident-number', number ?? '')
    await picture(page, 'walk-1-fault')

    await workOffline(page, true)
    await acknowledge(page, room, note)
    await expect(row).toHaveAttribute('data-pending', 'true')
    await picture(page, 'walk-2-offline')

    // The network comes back: what was done is sent, and the pending mark goes.
    await workOffline(page, false)
    await expect(row).toHaveAttribute('data-pending', 'false')
    await expect(row).toHaveAttribute('data-acknowledged', 'true')

    await started.stop()
    started = await npmStart(data, [], started)
    await inTab(started.ready.console).open(page)
    await whenLive(page)
    await toIncidents(page)
    await expect(incidentRow(page, room)).toHaveAttribute('data-incident-number', number ?? '')
    await expect(incidentRow(page, room)).toHaveAttribute('data-acknowledged', 'true')
    await openIncident(page, room)
    await expect(page.getByTestId('incident-pane')).toContainText(note)
    await picture(page, 'walk-3-restarted')
  } finally {
    await started.stop()
  }
})
