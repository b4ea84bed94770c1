import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RoomId } from '../../contract/ids.ts'
import { bad, enrolled, good, live, quick, report } from '../testing/incidents/engine.ts'
import { IncidentRig } from '../testing/incidents/rig.ts'
import { step } from './engine.ts'
import type { EngineEvent } from './happenings.ts'
import { reportsWith } from './reports.ts'
import { countsOf, newRoomState } from './state.ts'

const reports = (critical: number, important: number): EngineEvent => ({ type: 'reports', critical, important })

describe('[INC-4] what people reported by hand', () => {
  it('makes a room unhealthy until none of it is open, and counts beside what signals opened', () => {
    const said = live(enrolled([5, report(good)], [20, reports(1, 1)]), quick, 30).state
    expect(said).toMatchObject({ health: 'unhealthy', healthSince: 20 })
    expect(countsOf(said)).toEqual({ critical: 1, important: 1, warning: 0, investigating: 0, reported: 2 })
    const both = live([{ at: 40, event: report(bad) }], quick, 60, [], said).state
    expect(countsOf(both)).toMatchObject({ critical: 1, important: 2, reported: 2 })
    const rest = live([{ at: 70, event: report(good) }], quick, 200, [], both).state
    expect(rest.health).toBe('unhealthy')
    const none = step(rest, reports(0, 0), quick, 300)
    expect(none.state).toMatchObject({ health: 'healthy', healthSince: 300 })
    expect([none.state.reports, countsOf(none.state).reported]).toEqual([undefined, undefined])
  })

  it('comes after a room that is out of contact or suppressed, and is of enrolled rooms alone', () => {
    const said = live(enrolled([5, report(good)], [20, reports(0, 1)]), quick, 30).state
    expect(step(said, { type: 'disconnected', lastContactAt: 30 }, quick, 40).state.health).toBe('disconnected')
    expect(step(said, { type: 'suppression', of: 'room', on: true, at: 40 }, quick, 40).state.health).toBe('suppressed')
    const gone = step(said, { type: 'lifecycle', lifecycle: 'unenrolled' }, quick, 50).state
    expect([gone.reports, gone.health]).toEqual([undefined, 'healthy'])
    expect(step(newRoomState(0), reports(1, 0), quick, 1).state.reports).toBeUndefined()
  })

  it('is counted by severity, never below none', () => {
    const [critical, important] = [{ severity: 'critical' }, { severity: 'important' }] as const
    expect(reportsWith({}, critical, 1)).toEqual({ critical: 1, important: 0 })
    expect(reportsWith({ reports: { critical: 1, important: 2 } }, important, -1)).toEqual({ critical: 1, important: 1 })
    expect(reportsWith({}, important, -1)).toEqual({ critical: 0, important: 0 })
  })
})

describe('[INC-4] a room', () => {
  let rig: IncidentRig
  let room: RoomId
  beforeEach(async () => {
    rig = await IncidentRig.open(1_000_000)
    room = await rig.room()
  })
  afterEach(() => rig.close())

  it('has the same after a start of the service', async () => {
    await rig.write(async (tx) => {
      const work = rig.rooms.within(tx)
      await work.load([room])
      work.take(room, reports(0, 3))
      await work.flush()
    })
    await rig.restart()
    expect((await rig.read().get('room', room))?.incidents).toMatchObject({ important: 3, reported: 3 })
    await rig.write(async (tx) => {
      const work = rig.rooms.within(tx)
      await work.load([room])
      expect(work.room(room).state.reports).toEqual({ critical: 0, important: 3 })
    })
  })
})
