import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from '@playwright/test'
import { z } from 'zod'
import { chromiumFlags, getChromium } from '../build/chromium.ts'
import { type Part, startPart } from '../build/part.ts'
import type { Doc, Kind, RoomDocument } from '../contract/entities.ts'
import { machine } from '../contract/machine.ts'
import { joinRoom } from '../contract/roomDocuments.ts'
import { programs } from '../contract/testing/programs.ts'
import { inTab } from '../e2e/screen.ts'
import { inProcessBus } from '../service/ground/bus.ts'
import { Store } from '../service/ground/store/store.ts'
import { system, type TenantTransaction } from '../service/ground/store/transaction.ts'
import { newRoomState } from '../service/incidents/state.ts'
import { schema } from '../service/schema.ts'
import { type Bench, type Figure, percentile } from './bench.ts'
import { liveSet, type Piece } from './fleet.ts'
import { inspect } from './inspector.ts'
import { uuid } from './organisation.ts'
import { compared, pagesOf } from './snapshot.ts'
import { administrator, type Service, startService } from './stack.ts'

const rooms = 100_000
const changed = 4_000
const piecesTogether = 5_000
const syncMs = 600_000
const answerMs = 20_000
const starts = 5
/** Typed into the palette, letter by letter. */
const typed = ['lyon 4', 'board 12', 'madrid campus', 'sn0000', 'camera', 'salle 3.014', 'contoso', '10.0.17']

const put = <K extends Kind>(tx: TenantTransaction, { kind, doc }: { kind: K; doc: Doc<K> }): void => tx.put(kind, doc)

/** What the engine remembers of such a room. */
function stateOf(room: RoomDocument) {
  const { id, lifecycle, health, healthSince, lastContactAt, signals } = joinRoom(room, undefined)
  const state = { ...newRoomState(lastContactAt), lifecycle, health, healthSince, signals }
  return {
    room: id,
    state: JSON.stringify(state),
    incidents: '{}',
    flaps: null,
    changedAt: null,
    contact: state.contact,
    lastContactAt,
    nextTimer: null,
  }
}

/** Puts the live set of a large tenant into the data of a service that is not running. */
async function fill(folder: string): Promise<void> {
  const bus = inProcessBus((error) => {
    throw error
  })
  const store = await Store.open({ schema, path: join(folder, 'service', 'service.db'), bus, ...machine({ keepsAlive: true }) })
  const tenant = (await store.tenants()).find(({ name }) => name === 'Contoso')
  if (tenant === undefined) throw new Error('the demo has no such tenant')
  let some: Piece[] = []
  const write = (): Promise<void> =>
    store.write(tenant.id, system, async (tx) => {
      for (const piece of some) put(tx, piece)
      await tx.saveRoomStates(some.flatMap((piece) => (piece.kind === 'room' ? [stateOf(piece.doc)] : [])))
    })
  for (const piece of liveSet(rooms)) {
    some.push(piece)
    if (some.length < piecesTogether) continue
    await write()
    some = []
  }
  await write()
  await store.close()
}

const Ready = z.object({ ready: z.literal(true), console: z.url() })

const startConsole = (service: Service, log: string): Promise<Part<z.infer<typeof Ready>>> =>
  startPart({
    name: 'console',
    args: [
      ...['--inspect=127.0.0.1:0', programs.console, '--service', service.url],
      ...['--port', '0', '--data', join(service.data, 'console')],
    ],
    ready: Ready,
    log,
  })

/** Megabytes of all files in a folder. */
const onDisk = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0) / 1e6

/** The most memory that a process has held, in MB. */
const peak = (pid: number): number => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1_000

declare global {
  var paletteTimes: number[]
}

/** In the page: for each key, the milliseconds until a frame with another list of the palette has been drawn. */
function watchPalette(): void {
  const times: number[] = []
  globalThis.paletteTimes = times
  let pressedAt: number | null = null
  document.addEventListener('keydown', () => (pressedAt = performance.now()), true)
  new MutationObserver(() => {
    const from = pressedAt
    if (from === null || document.querySelector('[data-testid="palette"]') === null) return
    pressedAt = null
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => times.push(performance.now() - from)
      port2.postMessage(null)
    })
  }).observe(document.body, { subtree: true, childList: true, characterData: true })
}

/** Types into the palette; keys that change nothing on the screen are not counted. */
async function keystrokes(page: Page): Promise<number[]> {
  await page.evaluate(watchPalette)
  const drawn: number[] = []
  for (const text of typed) {
    await page.keyboard.press('Control+k')
    const input = page.getByTestId('palette-input')
    await input.waitFor()
    // What the opening itself draws is not an answer to a letter.
    await page.waitForTimeout(300)
    const before = await page.evaluate(() => globalThis.paletteTimes.length)
    for (const letter of text) {
      await page.keyboard.press(letter === ' ' ? 'Space' : letter)
      await page.waitForTimeout(120)
    }
    drawn.push(...(await page.evaluate((from) => globalThis.paletteTimes.slice(from), before)))
    await page.keyboard.press('Escape')
    await input.waitFor({ state: 'detached' })
  }
  return drawn
}

/** Milliseconds from the page's start until a row of this kind is drawn. */
const untilRow = (page: Page, row: string): Promise<number> =>
  page.evaluate(
    (selector) =>
      new Promise<number>((resolve) => {
        const look = (): void => {
          if (document.querySelector(selector) === null) requestAnimationFrame(look)
          else requestAnimationFrame(() => resolve(performance.now()))
        }
        look()
      }),
    `[data-testid="${row}"]`,
  )

/**
 * Gives so many rooms another ring, with the page of the last of them on the screen: milliseconds from the commit until it says so there,
 * and the longest block of the console meanwhile.
 */
async function burst(service: Service, page: Page, log: string): Promise<{ toScreen: number; block: number }> {
  await page.getByTestId('rail-rooms').click()
  const row = page.getByTestId('room-row').first()
  await row.waitFor()
  const last = (await row.getAttribute('data-room')) ?? ''
  await row.getByRole('link').first().click()
  await page.getByTestId('room-ring').waitFor()
  const ringBefore = await page.getByTestId('room-ring').evaluate((element) => element.parentElement?.textContent ?? '')
  const ring = ringBefore.includes('Executive') ? 'Staging' : 'Executive'
  const inspector = await inspect(log)
  await inspector.evaluate(
    `globalThis.delay = process.getBuiltinModule('node:perf_hooks').monitorEventLoopDelay({ resolution: 1 }); delay.enable(); ''`,
  )
  const drawn = page
    .waitForFunction(
      (wanted) => document.querySelector('[data-testid="room-ring"]')?.parentElement?.textContent.includes(wanted) === true,
      ring,
      { polling: 'raf', timeout: answerMs },
    )
    .then(() => performance.now())
  const others = Array.from({ length: changed }, (_, n) => uuid(1, n)).filter((id) => id !== last)
  const rooms = [...others.slice(0, changed - 1), last]
  const answered = service.api.command({ type: 'rooms.ring', rooms, ring }).then(() => performance.now())
  const [at, seen] = await Promise.all([answered, drawn])
  const toScreen = Math.max(0, seen - at)
  // What follows the last batch (lists, totals) belongs to it.
  await page.waitForTimeout(2_000)
  const block = Number(await inspector.evaluate('String(delay.max / 1e6)'))
  inspector.close()
  return { toScreen, block }
}

/** An empty console that catches up: the most memory that it takes meanwhile, and its files afterwards, in MB. */
async function catchUp(service: Service, folder: string): Promise<Figure[]> {
  const running = await startConsole(service, join(folder, 'console.log'))
  const browser = await startBrowser()
  try {
    const page = await inTab(running.ready.console).open(await browser.newPage())
    await page.getByTestId('sign-in-browser').click()
    await page.locator(`button[name="email"][value="${administrator}"]`).click()
    await page.locator('[data-testid="sync-state"][data-sync="live"]').waitFor({ timeout: syncMs })
    const resident = peak(running.pid)
    await running.stop()
    const disk = onDisk(join(folder, 'console'))
    return [
      { name: 'console100k.residentMegabytes', what: 'console, most memory while it catches up', value: resident, unit: 'MB', aim: '300' },
      { name: 'console100k.diskMegabytes', what: 'console, its files afterwards', value: disk, unit: 'MB', aim: '300' },
    ]
  } finally {
    await browser.close()
    await running.stop()
  }
}

async function startBrowser(): Promise<Browser> {
  const found = await getChromium()
  if ('missing' in found) throw new Error(`no Chromium: ${found.missing}`)
  return chromium.launch({ executablePath: found.path, args: chromiumFlags })
}

/** A console that has its copy. */
async function screens(service: Service, folder: string, say: (text: string) => void): Promise<Figure[]> {
  const log = join(folder, 'console.log')
  let running: Part<unknown> | undefined
  const browser = await startBrowser()
  try {
    const tab = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    let page = tab
    say('starting …')
    const usable: number[] = []
    const first: number[] = []
    const list: number[] = []
    for (let n = 0; n < starts; n++) {
      const from = performance.now()
      const started = await startConsole(service, log)
      running = started
      page = await inTab(started.ready.console).open(tab)
      first.push(await untilRow(page, 'unattended-row'))
      usable.push(performance.now() - from)
      await page.getByTestId('rail-rooms').click()
      const pressed = await page.evaluate(() => performance.now())
      list.push((await untilRow(page, 'room-row')) - pressed)
      if (n < starts - 1) await running.stop()
    }
    await page.locator('[data-testid="sync-state"][data-sync="live"]').waitFor({ timeout: syncMs })
    say('typing …')
    const keys = await keystrokes(page)
    say('changing rooms …')
    const { toScreen, block } = await burst(service, page, log)
    return [
      { name: 'console100k.firstListMs', what: 'page → first incidents, median', value: percentile(first, 0.5), unit: 'ms', aim: '300' },
      { name: 'console100k.usableMs', what: 'process → first incidents, median', value: percentile(usable, 0.5), unit: 'ms', aim: '1,000' },
      { name: 'console100k.roomsMs', what: 'click → rooms, median', value: percentile(list, 0.5), unit: 'ms' },
      { what: 'key → answer of the palette drawn, p50', value: percentile(keys, 0.5), unit: 'ms' },
      {
        name: 'console100k.keystrokeMs',
        what: 'key → answer of the palette drawn, p99',
        value: percentile(keys, 0.99),
        unit: 'ms',
        aim: '50',
      },
      { name: 'burst4000.toScreenMs', what: `${changed} rooms changed → the last of them drawn`, value: toScreen, unit: 'ms', aim: '800' },
      { name: 'burst4000.longestBlockMs', what: 'longest block of the console meanwhile', value: block, unit: 'ms', aim: '20' },
    ]
  } finally {
    await browser.close()
    await running?.stop()
  }
}

export const large: Bench = {
  name: 'large',
  what: `${rooms.toLocaleString('en')} rooms: a snapshot of the live set, a console that has it, and a burst of changes`,
  peers: [],
  run: async ({ folder, say }) => {
    const fresh = !existsSync(join(folder, 'console'))
    if (fresh) {
      const first = await startService(folder)
      await first.part.stop()
      say(`writing ${rooms} rooms …`)
      await fill(folder)
    }
    // Their devices are not there: nobody is to be called lost, which would be a storm beside what is measured.
    const service = await startService(folder, { port: portOf(folder), more: ['--disconnect-after-ms', String(2 ** 31 - 1)] })
    writeFileSync(join(folder, 'port'), new URL(service.url).port)
    try {
      return [...(fresh ? await whole(service, folder, say) : []), ...(await screens(service, folder, say))]
    } finally {
      await service.part.stop()
    }
  },
}

/** A console that is kept knows its service by its address: the port of the run before, or a free one. */
const portOf = (folder: string): number => {
  const file = join(folder, 'port')
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
}

/** All of it into an empty copy. */
async function whole(service: Service, folder: string, say: (text: string) => void): Promise<Figure[]> {
  say('comparing with the limit …')
  const { rows, mine, limits, wireBytes } = await compared(pagesOf(service), { folder, turns: 1 })
  say('catching up …')
  return [
    { what: `ours, ${rows.toLocaleString('en')} rows in all`, value: mine, unit: 's' },
    { what: 'limit: the same rows as NDJSON into SQLite', value: limits, unit: 's' },
    { name: 'snapshot100k.timesLimit', what: 'ours as a multiple of it', value: mine / limits, unit: '×', aim: '2' },
    { name: 'snapshot100k.wireMegabytes', what: 'the snapshot on its way', value: wireBytes / 1e6, unit: 'MB', aim: '12' },
    ...(await catchUp(service, folder)),
  ]
}
