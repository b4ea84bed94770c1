import { join } from 'node:path'
import { chromium, type Page } from '@playwright/test'
import { v7 } from 'uuid'
import { z } from 'zod'
import { chromiumFlags, getChromium } from '../build/chromium.ts'
import { startPart } from '../build/part.ts'
import { programs } from '../contract/testing/programs.ts'
import { inTab } from '../e2e/screen.ts'
import { signIn } from '../e2e/test.ts'
import { type Bench, median, percentile } from './bench.ts'
import { administrator, keyFile, type Service, startService } from './stack.ts'

/** Each room once: after a session with control its device restarts. */
const samples = 20
const warmUp = 3

const FleetReady = z.object({ ready: z.literal(true), rooms: z.int() })
const ConsoleReady = z.object({ ready: z.literal(true), console: z.url() })
const Times = z.object({ live: z.number(), picture: z.number() })

/** Allows remote access, and gives it to the administrator over all rooms. */
async function allow({ api }: Service): Promise<void> {
  await api.command({ type: 'settings.change', changes: { remoteAccess: true, remoteContact: administrator } })
  const managers = (await api.assignments()).find(({ role }) => role === 'proManager')
  const members = (managers?.members ?? []).map(({ kind, id }) => ({ kind, id }))
  const first = { assignment: v7(), name: 'Remote', description: '', notify: false, members, scope: 'all' as const }
  await api.command({ type: 'role.save', role: v7(), name: 'Remote', description: '', permissions: ['remoteAccess.modify'], first })
}

/** In the page: clicks Start session and answers the ms until the session is live, and until its picture is drawn. */
function clickAndWatch(): Promise<unknown> {
  const find = (id: string): HTMLElement | null => document.querySelector(`[data-testid="${id}"]`)
  /** A canvas that was only made is of one colour. */
  const isDrawn = (canvas: HTMLCanvasElement | null | undefined): boolean => {
    if (!canvas || canvas.width === 0 || canvas.height === 0) return false
    const row = canvas.getContext('2d')?.getImageData(0, Math.floor(canvas.height / 2), canvas.width, 1).data ?? []
    const colours = new Set<number>()
    for (let at = 0; at < row.length; at += 4) colours.add(((row[at] ?? 0) << 16) | ((row[at + 1] ?? 0) << 8) | (row[at + 2] ?? 0))
    return colours.size > 8
  }
  return new Promise((resolve, reject) => {
    const button = find('remote-start-modify')
    if (!button) return reject(new Error('there is no button'))
    const began = performance.now()
    let live = 0
    const look = (): void => {
      const now = performance.now() - began
      const session = find('remote-session')
      if (live === 0 && session?.dataset['state'] === 'live') live = now
      if (isDrawn(session?.querySelector('canvas'))) resolve({ live, picture: now })
      else if (now > 20_000) reject(new Error(`no picture: ${find('remote-refused')?.innerText ?? session?.innerText ?? ''}`))
      else requestAnimationFrame(look)
    }
    button.click()
    requestAnimationFrame(look)
  })
}

async function measure(page: Page, rooms: readonly string[]): Promise<z.infer<typeof Times>[]> {
  const times: z.infer<typeof Times>[] = []
  for (const room of rooms) {
    await page.evaluate((at) => (location.hash = `#/rooms/${at}/remote`), room)
    await page.getByTestId('remote-start-modify').waitFor()
    times.push(Times.parse(await page.evaluate(`(${clickAndWatch.toString()})()`)))
    await page.getByTestId('remote-end').click()
    await page.getByTestId('remote-forget').click()
  }
  return times.slice(warmUp)
}

export const session: Bench = {
  name: 'session',
  what: 'a remote session with a simulated room, from the click to the first picture in Chromium',
  peers: ['the aim is under a second; portals load another page first'],
  run: async ({ folder, say }) => {
    const found = await getChromium()
    if ('missing' in found) throw new Error(`no Chromium: ${found.missing}`)
    const service = await startService(folder)
    const parts: { stop(): Promise<unknown> }[] = [service.part]
    try {
      await allow(service)
      const size = ['--rooms', String(samples + warmUp), '--kind', 'windows']
      const fleetArgs = [programs.agent, 'fleet', '--service', service.url, '--key-file', await keyFile(service), ...size, '--data', folder]
      parts.push(await startPart({ name: 'fleet', args: fleetArgs, ready: FleetReady, log: join(folder, 'fleet.log') }))
      const rooms = (await service.api.rooms()).map(({ id }) => id)
      await service.api.enrolRooms(rooms)
      const consoleArgs = [programs.console, '--service', service.url, '--port', '0', '--data', folder]
      const console_ = await startPart({ name: 'console', args: consoleArgs, ready: ConsoleReady, log: join(folder, 'console.log') })
      parts.push(console_)
      const browser = await chromium.launch({ executablePath: found.path, args: chromiumFlags })
      parts.push({ stop: () => browser.close() })
      const page = await signIn(
        await browser.newPage({ viewport: { width: 1440, height: 900 } }),
        inTab(console_.ready.console),
        administrator,
      )
      say(`${samples} sessions …`)
      const times = await measure(page, rooms)
      const picture = times.map((one) => one.picture)
      return [
        { what: 'click → live, p50', value: median(times.map(({ live }) => live)), unit: 'ms' },
        { name: 'session.firstPictureMs', what: 'click → first picture, p50', value: median(picture), unit: 'ms', aim: '1,000 ms' },
        { what: 'click → first picture, the slowest', value: percentile(picture, 1), unit: 'ms' },
      ]
    } finally {
      for (const part of parts.reverse()) await part.stop()
    }
  },
}
