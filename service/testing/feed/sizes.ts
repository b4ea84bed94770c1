import { differenceOf } from '../../../contract/difference.ts'
import type { RoomDocument, SignalState } from '../../../contract/entities.ts'
import { PersonId, RoomId, TenantId } from '../../../contract/ids.ts'
import { compactSignals } from '../../../contract/roomDocuments.ts'
import { Cursors } from '../../feed/cursors.ts'
import { batchText, differenceText } from '../../feed/rows.ts'

/**
 * How much a room of 43 signals is: as many as Windows rooms will have, by ids as long as those. The product knows fewer today; the form of
 * its documents holds for these.
 */

const words = ['Microphone', 'Camera', 'Sync', 'Health', 'Disabled', 'Speaker', 'Reset']
const ids = Array.from({ length: 43 }, (_, n) => `${['peripherals', 'connectivity', 'audio'][n % 3]}.part${n}${words[n % 7]}`)
const codes: Readonly<Record<string, number>> = Object.fromEntries(ids.map((id, n) => [id, n + 1]))

const day = 86_400_000
const now = 1_796_000_000_000

const healthy = (n: number): SignalState => {
  const since = now - n * day - n * 1_234
  // All were observed at the last hello, but for some that have come back since.
  return { value: n % 20 === 3 ? 'notPresent' : 'healthy', since, observedAt: n % 8 === 5 ? since : now, detail: `Logitech Rally Bar ${n}` }
}

function roomOf(all: Readonly<Record<string, SignalState>>, changes: Partial<RoomDocument> = {}): object {
  const { signals, good } = compactSignals(all, codes)
  const others: Omit<RoomDocument, 'signals' | 'good'> = {
    id: RoomId.parse('0190a5d3-7c1e-7b44-9a51-3f0e6c2d8b17'),
    name: 'Lyon 12-4.003 Boardroom',
    place: { country: 'France', city: 'Lyon', building: 'Lyon Campus 12', floor: '4', timeZone: 'Europe/Paris' },
    lifecycle: 'enrolled',
    health: 'healthy',
    healthSince: now - 9 * day,
    connected: true,
    lastContactAt: now,
    onboardedAt: now - 200 * day,
    inCall: false,
    incidents: { important: 0, warning: 0, investigating: 0 },
    ...changes,
  }
  return { ...others, signals, good }
}

/** Bytes of the room's own document while all is well, and of the frame that tells a console that one signal is bad, its incident aside. */
export function sizesOf43(): { documentBytes: number; wireBytes: number } {
  const good = Object.fromEntries(ids.map((id, n) => [id, healthy(n)]))
  const bad: SignalState = { value: 'unhealthy', since: now + 1, observedAt: now + 1, detail: 'Logitech Rally Bar 7 not found' }
  const before = roomOf(good)
  const incidents = { important: 0, warning: 0, investigating: 1 }
  const after = roomOf({ ...good, [ids[7] ?? '']: bad }, { incidents, lastContactAt: now + 2 })
  const body = JSON.stringify(after)
  const holder = {
    tenant: TenantId.parse('0190a5d3-0000-7000-8000-000000000001'),
    person: PersonId.parse('0190a5d3-0000-7000-8000-000000000002'),
  }
  const cursor = (seq: number) => new Cursors(Buffer.alloc(32, 1)).cursor(holder, { seq, generation: 'aBcDeFgHiJk' })
  const id = '0190a5d3-7c1e-7b44-9a51-3f0e6c2d8b17'
  const difference = JSON.stringify(differenceOf(before, after))
  const row = differenceText({ kind: 'room', id, room: RoomId.parse(id), rev: 12_345, body, difference })
  return {
    documentBytes: Buffer.byteLength(JSON.stringify(before)),
    wireBytes: Buffer.byteLength(batchText(123, cursor(12_345_678), cursor(12_345_679), row, 0)),
  }
}
