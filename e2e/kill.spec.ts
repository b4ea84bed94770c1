import { z } from 'zod'
import { run } from '../build/run.ts'
import { type Room } from '../contract/entities.ts'
import { chance } from '../contract/testing/chance.ts'
import { programs } from '../contract/testing/programs.ts'
import { playDelay } from '../contract/testing/wait.ts'
import { fault, people } from './product.ts'
import { expect, incidentRow, openIncident, signIn, test, toIncidents } from './test.ts'

const rounds = 6
const signals = ['peripherals.camera', 'audio.microphone', 'display.frontOfRoom1'] as const
const victims = ['console', 'fleet', 'service'] as const

const Listed = z.array(
  z.object({ name: z.string(), room: z.string(), waiting: z.int(), signals: z.record(z.string(), z.object({ value: z.string() })) }),
)

test('[CON-3, INC-2] kill -9 of console, agents and service at random moments under load: nothing is lost, nothing happens twice', async ({
  page: tab,
  stack,
  data,
}) => {
  const random = chance('kill of all')
  let page = await signIn(tab, await stack.start(), people.manager)
  const rooms = await (await stack.api()).rooms()
  const commented = rooms[0]
  if (!commented) throw new Error('the fleet has no rooms')
  await fault(data, commented.name, 'connectivity.network', 'unhealthy')
  await openIncident(page, commented.name)

  const written: string[] = []
  for (let round = 0; round < rounds; round++) {
    // Load: faults come and go while the operator writes.
    const faults = Array.from({ length: 4 }, () => {
      const room = rooms[1 + Math.floor(random() * (rooms.length - 1))] ?? commented
      const signal = signals[Math.floor(random() * signals.length)] ?? signals[0]
      return fault(data, room.name, signal, random() < 0.5 ? 'unhealthy' : 'healthy')
    })
    const text = `comment number ${round} of this shift`
    await page.getByTestId('comment-field').fill(text)
    await page.getByTestId('comment-send').click()
    // Shown is kept: from here on it may not be lost.
    await expect(page.getByTestId('entry').filter({ hasText: text })).toHaveCount(1)
    written.push(text)
    await Promise.all(faults)
    await playDelay(random() * 300)

    const victim = victims[round % victims.length] ?? 'console'
    await stack.kill(victim)
    if (victim === 'service') await stack.startService()
    else if (victim === 'fleet') await stack.startFleet()
    else {
      page = await (await stack.startConsole()).open(tab)
      await toIncidents(page)
      await openIncident(page, commented.name)
    }
  }

  await expect(page.getByTestId('sync-state')).toHaveAttribute('data-sync', 'live', { timeout: 60_000 })
  // What was written is there, once each, and nothing waits any more.
  for (const text of written) await expect(page.getByTestId('entry').filter({ hasText: text })).toHaveCount(1)
  await expect(incidentRow(page, commented.name)).toHaveAttribute('data-pending', 'false', { timeout: 60_000 })

  // What the devices say is what the service knows.
  const devices = async () => {
    const { output } = await run(process.execPath, [programs.agent, 'rooms', '--json', '--data', data])
    return Listed.parse(JSON.parse(output))
  }
  await expect.poll(async () => (await devices()).reduce((sum, one) => sum + one.waiting, 0), { timeout: 60_000 }).toBe(0)
  const known = new Map<string, Room>((await (await stack.api()).rooms()).map((room) => [room.id, room]))
  for (const device of await devices()) {
    const room = known.get(device.room)
    for (const signal of signals) expect(room?.signals[signal]?.value, `${device.name} ${signal}`).toBe(device.signals[signal]?.value)
  }

  // One number for life: no room has two incidents of one signal.
  const incidents = await (await stack.api()).incidents()
  const keys = incidents.map((incident) => `${incident.room} ${incident.signal}`)
  expect(new Set(keys).size).toBe(keys.length)
})
