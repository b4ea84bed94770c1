import { join } from 'node:path'
import { chromium } from '@playwright/test'
import { z } from 'zod'
import { RunningRooms } from '../agent-sim/control/client.ts'
import { chromiumFlags, getChromium } from '../build/chromium.ts'
import { startPart } from '../build/part.ts'
import { machine } from '../contract/machine.ts'
import { programs } from '../contract/testing/programs.ts'
import { inTab } from '../e2e/screen.ts'
import { signIn } from '../e2e/test.ts'
import { type Bench, percentile } from './bench.ts'
import { openCopy } from './copy.ts'
import { administrator, keyFile, type Service, startService } from './stack.ts'

const agents = 1_000
/** Rooms that break and are mended again by turns, so often that all are whole in the end. */
const targetRooms = 16
const warmUp = 2 * targetRooms
const samples = 24 * targetRooms
const spacingMs = 120
const answerMs = 10_000

const FleetReady = z.object({ ready: z.literal(true), rooms: z.int() })
const ConsoleReady = z.object({ ready: z.literal(true), console: z.url() })

interface Target {
  name: string
  room: string
}

/** Waits for each room's next sign, whoever gives it. */
class Signs {
  readonly #waiting = new Map<string, (at: number) => void>()

  saw(room: string, at: number): void {
    this.#waiting.get(room)?.(at)
    this.#waiting.delete(room)
  }

  next(room: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`nothing came of a fault in ${room} within ${answerMs / 1000} s`)), answerMs)
      this.#waiting.set(room, (at) => {
        clearTimeout(timer)
        resolve(at)
      })
    })
  }
}

/** Makes faults one after the other and answers, for each, the milliseconds from the fault to its sign. */
async function measure(running: RunningRooms, targets: readonly Target[], signs: Signs): Promise<number[]> {
  const times: number[] = []
  for (let sample = 0; sample < samples + warmUp; sample++) {
    const target = targets[sample % targets.length]
    if (!target) throw new Error('no rooms')
    const value = Math.floor(sample / targets.length) % 2 === 0 ? 'unhealthy' : 'healthy'
    const sign = signs.next(target.room)
    const at = Date.now()
    await running.fault({ room: target.name, signal: 'peripherals.camera', value })
    const after = (await sign) - at
    if (sample >= warmUp) times.push(after)
    await new Promise((resolve) => setTimeout(resolve, spacingMs))
  }
  return times
}

/**
 * In the page: tells of each room whose state has changed among the rows, once the frame that shows it has been drawn. The worst rooms
 * stand first, so that a change moves rows.
 */
function watchRows(tell: (room: string, at: number) => void): void {
  const known = new Map<string, string>()
  const changed = (): string[] =>
    Array.from(document.querySelectorAll<HTMLElement>('[data-room][data-state]')).flatMap(({ dataset: { room = '', state = '' } }) => {
      const before = known.get(room)
      known.set(room, state)
      return before === undefined || before === state ? [] : [room]
    })
  changed()
  new MutationObserver(() => {
    const rooms = changed()
    if (rooms.length === 0) return
    requestAnimationFrame(() => {
      // Tasks run after the frame: this is when the pixels are there.
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => {
        for (const room of rooms) tell(room, Date.now())
      }
      port2.postMessage(null)
    })
  }).observe(document.body, { subtree: true, childList: true, attributeFilter: ['data-room', 'data-state'] })
}

async function toPixel(service: Service, running: RunningRooms): Promise<number[]> {
  const found = await getChromium()
  if ('missing' in found) throw new Error(`no Chromium: ${found.missing}`)
  const console_ = await startPart({
    name: 'console',
    args: [programs.console, '--service', service.url, '--port', '0', '--data', service.data],
    ready: ConsoleReady,
    log: join(service.data, 'console.log'),
  })
  const browser = await chromium.launch({ executablePath: found.path, args: chromiumFlags })
  try {
    const tab = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    const page = await signIn(tab, inTab(console_.ready.console), administrator)
    await page.getByTestId('rail-rooms').click()
    await page.getByTestId('room-row').first().waitFor()
    const targets = await page
      .getByTestId('room-row')
      .evaluateAll((rows) =>
        rows.map((row) => ({ name: row.getAttribute('data-room-name') ?? '', room: row.getAttribute('data-room') ?? '' })),
      )
    const signs = new Signs()
    await page.exposeFunction('roomkeeperBench', (room: string, at: number) => signs.saw(room, at))
    await page.evaluate(`(${watchRows.toString()})((room, at) => window.roomkeeperBench(room, at))`)
    return await measure(running, targets.slice(0, targetRooms), signs)
  } finally {
    await browser.close()
    await console_.stop()
  }
}

async function toCache(service: Service, running: RunningRooms): Promise<number[]> {
  const copy = await openCopy(service)
  const signs = new Signs()
  copy.onRooms((rooms) => {
    const at = Date.now()
    for (const room of rooms) signs.saw(room, at)
  })
  const targets = running.rooms.slice(0, targetRooms).map(({ name, room = '' }) => ({ name, room }))
  try {
    return await measure(running, targets, signs)
  } finally {
    await copy.close()
  }
}

export const fault: Bench = {
  name: 'fault',
  what: `from a fault at an agent to the console, with ${agents.toLocaleString('en')} agents connected and no hold times`,
  peers: [
    'one change into a desktop copy, p50/p99: NDJSON 0.8/4.4 ms, RxDB 1.2/3.1 ms, Yjs 1.0/2.7 ms, PouchDB 11/46 ms',
    'portals that poll show a fault after 5 minutes to 2 hours',
  ],
  run: async ({ folder, say }) => {
    const service = await startService(folder)
    try {
      await service.api.command({ type: 'settings.change', changes: { openHoldMs: 0, resolveHoldMs: 0, flapCount: 100 } })
      say(`connecting ${agents} agents …`)
      const fleet = await startPart({
        name: 'fleet',
        args: [
          ...[programs.agent, 'fleet', '--service', service.url, '--key-file', await keyFile(service)],
          ...['--rooms', String(agents), '--data', folder],
        ],
        ready: FleetReady,
        log: join(folder, 'fleet.log'),
      })
      try {
        if (fleet.ready.rooms !== agents) throw new Error(`only ${fleet.ready.rooms} agents are connected`)
        await service.api.enrolRooms((await service.api.rooms()).map((room) => room.id))
        const running = await RunningRooms.find(join(folder, 'agents'), machine({ keepsAlive: true }).clock)
        const cache = await toCache(service, running)
        const pixel = await toPixel(service, running)
        return [
          { what: 'fault → row in the cache, p50', value: percentile(cache, 0.5), unit: 'ms' },
          { name: 'faultToCache.p99Ms', what: 'fault → row in the cache, p99', value: percentile(cache, 0.99), unit: 'ms' },
          { what: 'fault → pixel in Chromium, p50', value: percentile(pixel, 0.5), unit: 'ms' },
          { name: 'faultToPixel.p99Ms', what: 'fault → pixel in Chromium, p99', value: percentile(pixel, 0.99), unit: 'ms', aim: '250 ms' },
        ]
      } finally {
        await fleet.stop()
      }
    } finally {
      await service.part.stop()
    }
  },
}
