import { describe, expect, it } from 'vitest'
import type { StoredRow } from '../ground/store/documents.ts'
import { incident as incidentOf, roomA } from '../testing/store/under.ts'
import { asVersion2 } from './version2.ts'

const incident = incidentOf(roomA, 7)
const room = { id: roomA, name: 'Saône', health: 'unhealthy' }
const row = (kind: StoredRow['kind'], doc: object | null): StoredRow => ({
  kind,
  id: 'x',
  room: null,
  owner: null,
  rev: 3,
  seq: 4,
  body: doc && JSON.stringify(doc),
})
const bodies = (one: StoredRow): unknown[] => asVersion2(one).map(({ body }) => body && (JSON.parse(body) as unknown))

describe('[CON-2] a console of version 2', () => {
  it('knows two severities, sixteen signals and their old categories', () => {
    const known = { ...incident, severity: 'critical' as const, signal: 'connectivity.signInTeams' as const }
    expect(bodies(row('incident', known))).toEqual([{ ...known, severity: 'important', category: 'connectivity' }])
    expect(bodies(row('incident', { ...incident, severity: 'recommended', signal: 'versioning.os' }))).toMatchObject([
      { severity: 'warning', category: 'versioning' },
    ])
    expect(bodies(row('incident', { ...incident, signal: 'peripherals.diskSpace' }))).toEqual([])
  })

  it('counts what is open of a room by those two, and hears of what is gone', () => {
    const counts = { critical: 1, important: 2, warning: 3, recommended: 4, investigating: 5 }
    expect(bodies(row('room', { ...room, incidents: counts }))).toEqual([
      { ...room, incidents: { important: 3, warning: 7, investigating: 5 } },
    ])
    expect(bodies(row('room', { ...room, health: 'suppressed', incidents: counts }))).toMatchObject([{ health: 'unknown' }])
    const gone = row('incident', null)
    expect(asVersion2(gone)).toEqual([gone])
    const settings = row('settings', { openHoldMs: 1 })
    expect(asVersion2(settings)).toEqual([settings])
  })
})
