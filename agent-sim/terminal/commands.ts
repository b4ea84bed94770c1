import { limits } from '../../contract/limits.ts'
import { reportedSignals } from '../../contract/signals.ts'
import { cleanText } from '../../contract/text.ts'
import type { Reading } from '../devices/device.ts'
import type { SimulatedDevice } from '../devices/simulated.ts'
import { RoomClock } from '../screen/clock.ts'
import { meetingsFrom } from '../screen/meetings.ts'
import { words } from '../screen/words.ts'

/** What the commands of a simulated device work on. */
export interface Room {
  readonly device: SimulatedDevice
  readonly now: () => number
  /** Lines of its log, oldest first. */
  readonly log: () => readonly string[]
}

export interface Command {
  readonly name: string
  readonly help: string
  /** The lines that it says. @throws never: what cannot be done is said. */
  run(room: Room, words: readonly string[]): Promise<readonly string[]> | readonly string[]
}

const logLinesShown = 40

const colored = (code: number, text: string): string => `\u001b[${code}m${text}\u001b[0m`
/** Texts of a device may hold anything; a terminal would obey some of it. */
const clean = (text: string): string => cleanText(text, limits.deviceTextChars)

const valueColors: Readonly<Record<string, number>> = { healthy: 32, unhealthy: 31, misconfigured: 31, unknown: 33 }

/** Signals with their values and details, one a line. */
async function status({ device }: Room): Promise<string[]> {
  const { signals } = await device.read()
  const ids = reportedSignals.filter((id) => signals[id])
  const width = Math.max(...ids.map((id) => id.length))
  const lines = ids.map((id) => {
    const { value = 'unknown', detail = '' } = signals[id] ?? {}
    return `${id.padEnd(width)}  ${colored(valueColors[value] ?? 90, value.padEnd(13))}  ${clean(detail)}`
  })
  const bad = ids.filter((id) => signals[id]?.value === 'unhealthy' || signals[id]?.value === 'misconfigured')
  return [...lines, '', bad.length === 0 ? colored(32, 'Nothing is wrong.') : colored(31, `${bad.length} of ${ids.length} need attention.`)]
}

async function facts({ device }: Room): Promise<string[]> {
  const reading: Reading = await device.read()
  const rows = Object.entries(reading.facts).map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? clean(value) : typeof value === 'boolean' ? (value ? 'yes' : 'no') : value.displays.join(', '),
  ])
  const width = Math.max(...rows.map(([name]) => name.length))
  return [`${'room'.padEnd(width)}  ${clean(device.roomName)}`, ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`)]
}

async function network({ device }: Room): Promise<string[]> {
  const { signals, facts: known } = await device.read()
  const wired = signals['connectivity.network']
  const up = wired?.value === 'healthy'
  const address = clean(known.address)
  return [
    `Ethernet  ${up ? colored(32, 'up') : colored(31, 'down')}${wired?.detail === undefined ? '' : `  ${clean(wired.detail)}`}`,
    `Address   ${up ? address : 'none'}`,
    `Gateway   ${up ? address.replace(/\d+$/u, '1') : 'none'}`,
    `Exchange  ${signals['connectivity.signInExchange']?.value ?? 'unknown'}`,
    `Teams     ${signals['connectivity.signInTeams']?.value ?? 'unknown'}`,
  ]
}

function meetings({ device, now }: Room): string[] {
  const clock = new RoomClock(device.place.timeZone, words.en)
  const at = now()
  const coming = meetingsFrom(device.installation, cleanText(device.roomName, limits.nameChars), at, words.en).filter(
    ({ start }) => start <= at || clock.isSameDay(start, at),
  )
  if (coming.length === 0) return [words.en.noMeetings]
  return coming.map(
    ({ title, organiser, start, end }) =>
      `${clock.time(start)} – ${clock.time(end)}  ${title.padEnd(26)}  ${organiser}${start <= at ? colored(33, '  now') : ''}`,
  )
}

function date({ device, now }: Room): string[] {
  const clock = new RoomClock(device.place.timeZone, words.en)
  return [`${clock.date(now())}, ${clock.time(now())} (${clock.zone})`, new Date(now()).toISOString()]
}

/** Commands that say something and end. The rest is in the terminal itself: it writes, clears, restarts or ends. */
export const commands: readonly Command[] = [
  { name: 'date', help: 'the time in the room', run: date },
  { name: 'echo', help: 'says its words again', run: (_room, said) => [said.join(' ')] },
  { name: 'facts', help: 'what the device says of itself', run: facts },
  {
    name: 'log',
    help: 'what has happened lately',
    run: ({ log }) => {
      const lines = log()
      return lines.length === 0 ? ['Nothing has happened.'] : lines.slice(-logLinesShown)
    },
  },
  { name: 'meetings', help: 'what is left of today', run: meetings },
  { name: 'network', help: 'address and connections', run: network },
  { name: 'status', help: 'the signals of the room', run: status },
]
