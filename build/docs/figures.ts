import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { root } from '../paths.ts'
import { table } from './table.ts'

/** What README says of the measurements: those of bench/results.json, which `npm run bench` writes. */

interface Told {
  readonly what: string
  /** After the number; left out: none. */
  readonly unit?: string
  readonly aim?: string
}

/** In the order of the page. A figure that is measured and not here, or here and not measured, fails a test. */
export const told: Readonly<Record<string, Told>> = {
  'faultToPixel.p99Ms': { what: 'a fault at a device until it is drawn, 1,000 agents connected, p99', unit: 'ms', aim: '≤ 250' },
  'faultToCache.p99Ms': { what: 'a fault at a device until it is in the copy, p99', unit: 'ms' },
  'withdrawal.p99Ms': { what: 'a role over 1,000 rooms taken away, until an open copy is without them, p99', unit: 'ms', aim: '≤ 1,000' },
  'session.firstPictureMs': { what: 'remote session: from the click to the first picture', unit: 'ms', aim: '≤ 1,000' },
  'reports.perSecond': { what: 'reports a second, 5 % changed, committed and acknowledged', aim: '≥ 30,000' },
  'reports.shareOfBatchedLimit': { what: '… as a share of the same batches in plain SQLite' },
  'agent.timesBareSocket': { what: 'memory of the service per idle agent, times a bare WebSocket', aim: '≤ 1.3' },
  'access.decisionsPerSecond': { what: 'decisions a second, 100,000 rooms and 5,000 assignments' },
  'access.personMs': { what: '"Who can do this, and why" over HTTP, the same', unit: 'ms' },
  'relay.64k.down': { what: 'relay, share of a TCP pipe: 64 KB to the operator', aim: '≥ 0.9' },
  'relay.64k.up': { what: '… 64 KB to the device', aim: '≥ 0.9' },
  'relay.1k.down': { what: '… 1 KB to the operator', aim: '≥ 0.9' },
  'relay.1k.up': { what: '… 1 KB to the device', aim: '≥ 0.9' },
  'relay.cpuTimesPipe': { what: "relay, processor time as a multiple of the pipe's", aim: '≤ 1.6' },
  'relay.idleTimesPipe': { what: 'relay, memory of an idle session as a multiple of it', aim: '≤ 1.2' },
  'relay.p99AddedMs500': { what: 'relay, time added at 500 sessions, p99', unit: 'ms', aim: '≤ 2' },
  'room.documentBytes': { what: 'a healthy room of 43 signals', unit: 'bytes', aim: '≤ 1,500' },
  'change.wireBytes': { what: 'one signal that changes, to a console', unit: 'bytes', aim: '≤ 600' },
  'change.openingWireBytes': { what: '… with the incident that it opens', unit: 'bytes' },
  'history.bytesPerRoomYear': { what: 'disk of the service for a room after a year of two faults a day', unit: 'bytes' },
  'history.liveRowsTimesMonth': { what: 'rows that consoles have of it after a year, of those after a month', aim: '1' },
  'snapshot10k.timesLimit': { what: '10,000 rooms into an empty copy, times NDJSON into plain SQLite', aim: '≤ 2' },
  'snapshot100k.timesLimit': { what: '100,000 rooms: the same', aim: '≤ 2' },
  'snapshot100k.wireMegabytes': { what: '… on their way', unit: 'MB', aim: '≤ 12' },
  'console100k.diskMegabytes': { what: '… on the disk of the console', unit: 'MB', aim: '≤ 300' },
  'console100k.residentMegabytes': { what: '… memory of the console while it catches up', unit: 'MB', aim: '≤ 300' },
  'console100k.firstListMs': { what: '… first incidents, from the start of the page', unit: 'ms', aim: '≤ 300' },
  'console100k.usableMs': { what: '… first incidents, from the start of the process', unit: 'ms', aim: '≤ 1,000' },
  'console100k.roomsMs': { what: '… the list of rooms, from the click', unit: 'ms' },
  'console100k.keystrokeMs': { what: '… a key in the palette until its answer is drawn, p99', unit: 'ms', aim: '≤ 50' },
  'tiles.10000roomsPaintMs': { what: '10,000 rooms as tiles, one picture of all of them', unit: 'ms', aim: '≤ 50' },
  'burst4000.toScreenMs': { what: '… 4,000 rooms change: the last of them is drawn after', unit: 'ms', aim: '≤ 800' },
  'burst4000.longestBlockMs': { what: '… the longest that the console does nothing else meanwhile', unit: 'ms', aim: '≤ 20' },
}

/** The figures of the last measurement, by name. */
export const measured = (): Readonly<Record<string, number>> =>
  z.record(z.string(), z.number()).parse(JSON.parse(readFileSync(join(root, 'bench/results.json'), 'utf8')))

export function figuresTable(): string {
  const values = measured()
  const rows = Object.entries(told).flatMap(([name, { what, unit, aim }]) => {
    const value = values[name]
    return value === undefined ? [] : [[what, [value.toLocaleString('en'), unit].filter(Boolean).join(' '), aim ?? '']]
  })
  return table(['', 'measured', 'aim'], rows)
}
