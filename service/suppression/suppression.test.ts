import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GroupId, PersonId, type RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { dayMs, kept } from '../../contract/retention.ts'
import { SuppressionRig } from '../testing/suppression/rig.ts'
import { pruneSuppressions } from './past.ts'

const start = Date.UTC(2026, 10, 2, 9)
const minute = 60_000
const hour = 60 * minute
const bad = { 'peripherals.camera': 'unhealthy' } as const
const good = { 'peripherals.camera': 'healthy' } as const

let rig: SuppressionRig
let room: RoomId
beforeEach(async () => {
  rig = await SuppressionRig.open(start)
  room = await rig.incidents.room()
  await rig.incidents.report(room, good)
})
afterEach(() => rig.close())

const report = (signals: typeof bad | typeof good, of = room) => rig.incidents.report(of, signals)
const statuses = async (of = room) => (await rig.incidentsOf(of)).map(({ status }) => status)
const only = async (state: 'live' | 'ended' = 'live') => {
  const all = await rig.list(rig.boss, state)
  expect(all).toHaveLength(1)
  return all[0]
}
const refused = (code: string) => expect.objectContaining({ code })

describe('[ROM-3, ROM-1] while a room is suppressed', () => {
  it('nothing begins and nothing opens; at the end what is bad then begins, under its hold, and nothing else', async () => {
    await rig.suppress({ rooms: [room], until: start + hour })
    expect(await rig.room(room)).toMatchObject({
      health: 'suppressed',
      suppressions: [{ reason: 'Works', owner: { name: 'Boss' }, from: start, until: start + hour }],
    })
    await report(bad)
    await rig.incidents.report(room, { 'audio.speaker': 'unhealthy' })
    await rig.pass(10 * minute)
    expect(await statuses()).toEqual([])
    expect((await rig.room(room)).signals['peripherals.camera']?.value).toBe('unhealthy')
    await rig.incidents.report(room, { 'audio.speaker': 'healthy' })
    await rig.pass(50 * minute)
    expect(await statuses()).toEqual(['investigating'])
    const after = await rig.room(room)
    expect([after.health, after.suppressions]).toEqual(['healthy', undefined])
    await rig.pass(minute)
    expect(await statuses()).toEqual(['needAction'])
    expect((await rig.room(room)).health).toBe('unhealthy')
    expect(await only('ended')).toMatchObject({ state: 'ended', endedAt: start + hour, endedBy: null, hid: { faults: 2, stillBad: 1 } })
  })

  it('what was open before stays and resolves; what was investigated waits, and begins its hold anew', async () => {
    await report(bad)
    await rig.pass(minute)
    expect(await statuses()).toEqual(['needAction'])
    await rig.incidents.report(room, { 'audio.speaker': 'unhealthy' })
    await rig.pass(minute / 2)
    await rig.suppress({ rooms: [room], until: start + hour })
    await rig.pass(10 * minute)
    expect((await statuses()).sort()).toEqual(['investigating', 'needAction'])
    await report(good)
    await rig.pass(minute)
    expect((await statuses()).sort()).toEqual(['investigating', 'resolved'])
    await rig.pass(start + hour - rig.now)
    expect((await statuses()).sort()).toEqual(['investigating', 'resolved'])
    await rig.pass(minute)
    expect((await statuses()).sort()).toEqual(['needAction', 'resolved'])
  })

  it('a fault shorter than its hold is not counted as hidden', async () => {
    await rig.suppress({ rooms: [room], until: start + hour })
    await report(bad)
    await rig.pass(minute / 2)
    await report(good)
    expect((await only())?.hid).toEqual({ faults: 0, stillBad: 0 })
    await report(bad)
    await rig.pass(2 * minute)
    await report(good)
    await report(bad)
    expect((await only())?.hid).toEqual({ faults: 1, stillBad: 1 })
    await report(good)
    expect((await only())?.hid).toEqual({ faults: 1, stillBad: 0 })
  })

  it('one of its signals: the others go on as ever, and so does the health', async () => {
    await rig.suppress({ rooms: [room], signals: ['peripherals.camera'], until: start + hour })
    await report(bad)
    await rig.incidents.report(room, { 'audio.speaker': 'unhealthy' })
    await rig.pass(minute)
    expect((await rig.incidentsOf(room)).map(({ signal, status }) => [signal, status])).toEqual([['audio.speaker', 'needAction']])
    expect((await rig.room(room)).suppressions?.[0]?.signals).toEqual(['peripherals.camera'])
    expect((await rig.room(room)).health).not.toBe('suppressed')
  })

  it('two that overlap: it stays suppressed until the last one ends', async () => {
    const long = await rig.suppress({ rooms: [room], until: start + 2 * hour })
    await rig.suppress({ rooms: [room], until: start + hour })
    await report(bad)
    await rig.pass(hour)
    expect(await statuses()).toEqual([])
    expect((await rig.room(room)).suppressions?.map(({ id }) => id)).toEqual([long])
    await rig.pass(hour)
    expect(await statuses()).toEqual(['investigating'])
    const ended = await rig.list(rig.boss, 'ended')
    expect(ended.map(({ hid }) => hid)).toEqual([
      { faults: 1, stillBad: 1 },
      { faults: 1, stillBad: 1 },
    ])
  })

  it('[rule 15] an end while the service is down counts from when it was due', async () => {
    await rig.suppress({ rooms: [room], until: start + hour })
    await report(bad)
    rig.incidents.now = start + 5 * hour
    await rig.incidents.restart()
    await rig.lookAnew()
    const [incident] = await rig.incidentsOf(room)
    expect(incident).toMatchObject({ status: 'needAction', openedAt: start + hour + minute })
    expect(await only('ended')).toMatchObject({ endedAt: start + hour })
  })

  it('[rule 15] one that begins later begins by what is stored', async () => {
    await rig.suppress({ rooms: [room], from: start + hour, until: start + 2 * hour })
    expect([await rig.room(room), await only()]).toMatchObject([{ health: 'healthy' }, { state: 'upcoming' }])
    await rig.incidents.restart()
    await rig.pass(hour)
    expect([await rig.room(room), await only()]).toMatchObject([{ health: 'suppressed' }, { state: 'running' }])
  })

  it('a room that enrols meanwhile begins nothing before the end', async () => {
    await rig.suppress({ rooms: [room], until: start + hour })
    await rig.incidents.write(async (tx) => {
      const work = rig.incidents.rooms.within(tx)
      await work.load([room])
      for (const lifecycle of ['unenrolled', 'onboarding'] as const) work.take(room, { type: 'lifecycle', lifecycle })
      await work.flush()
    })
    await report(bad)
    await rig.incidents.write(async (tx) => {
      const work = rig.incidents.rooms.within(tx)
      await work.load([room])
      work.take(room, { type: 'lifecycle', lifecycle: 'enrolled' })
      await work.flush()
    })
    await rig.pass(10 * minute)
    expect(await statuses()).toEqual([])
    await rig.pass(hour)
    expect(await statuses()).toHaveLength(1)
  })
})

describe('[ROM-3] what is refused', () => {
  it('no length, an end in the past, no room', async () => {
    const from = start + hour
    await expect(rig.suppress({ rooms: [room], from, until: from })).rejects.toEqual(refused('suppression.noLength'))
    await expect(rig.suppress({ rooms: [room], until: start })).rejects.toEqual(refused('suppression.past'))
    await expect(rig.suppress({ rooms: [] })).rejects.toEqual(refused('suppression.noRooms'))
    expect(await rig.list()).toEqual([])
  })

  it('more over one room than fit into its document', async () => {
    for (let n = 0; n < limits.suppressionsPerRoom; n++) await rig.suppress({ rooms: [room], until: start + hour + n })
    await expect(rig.suppress({ rooms: [room], until: start + hour })).rejects.toEqual(refused('suppression.tooMany'))
  })

  it('[ACC-6] a room, a suppression and an owner that are not theirs to know', async () => {
    const [somebody, other] = [PersonId.parse(v7()), await rig.incidents.room()]
    rig.allow(somebody, [room])
    await expect(rig.suppress({ rooms: [room, other] }, somebody)).rejects.toEqual(refused('room.notFound'))
    await expect(rig.suppress({ rooms: [room], owner: PersonId.parse(v7()) })).rejects.toEqual(refused('incident.ownerUnknown'))
    const suppression = await rig.suppress({ rooms: [other] })
    await expect(rig.send({ type: 'suppression.end', suppression }, somebody)).rejects.toEqual(refused('suppression.notFound'))
    await expect(rig.send({ type: 'suppression.confirm', suppression }, somebody)).rejects.toEqual(refused('suppression.notFound'))
    // Its id is not known to be taken: another one is made.
    await rig.suppress({ suppression, rooms: [room] }, somebody)
    expect((await rig.list(somebody)).map(({ rooms }) => rooms)).toEqual([[room]])
    expect(await rig.list()).toHaveLength(2)
  })

  it('[ACC-6] to change what is over rooms of others too, though not to end it in one’s own', async () => {
    const [somebody, other] = [PersonId.parse(v7()), await rig.incidents.room()]
    rig.allow(somebody, [room])
    const suppression = await rig.suppress({ rooms: [room, other], until: start + hour })
    expect(await rig.list(somebody)).toMatchObject([{ rooms: [room], mayEnd: true, mayChange: false }])
    await expect(rig.suppress({ suppression, rooms: [room] }, somebody)).rejects.toEqual(refused('access.denied'))
    await report(bad)
    await rig.send({ type: 'suppression.end', suppression }, somebody)
    expect([(await rig.room(room)).health, (await rig.room(other)).health]).toEqual(['healthy', 'suppressed'])
    expect(await statuses()).toEqual(['investigating'])
    expect(await rig.list(somebody)).toEqual([])
    expect(await rig.list()).toMatchObject([{ rooms: [other] }])
  })
})

describe('[ROM-3] a group or a place', () => {
  const group = GroupId.parse(v7())
  const saveGroup = async (rooms: RoomId[]) => {
    await rig.incidents.write(async (tx) => {
      await tx.delete.roomGroup().where('id', '=', group).execute()
      await tx.insert.roomGroup({ id: group, name: 'Board', description: '', rooms: JSON.stringify(rooms), rule: null }).execute()
      tx.publish('policy', { tenant: tx.tenant })
    })
  }

  it('covers rooms that join as long as they are there, and each of them only where its author may then', async () => {
    const [somebody, second, third] = [PersonId.parse(v7()), await rig.incidents.room(), await rig.incidents.room()]
    await saveGroup([room])
    rig.allow(somebody, [room, second])
    await rig.suppress({ groups: [group], until: start + hour }, somebody)
    expect((await rig.room(room)).suppressions).toMatchObject([{ over: 'group' }])
    await saveGroup([room, second, third])
    await rig.lookAnew()
    expect((await rig.room(second)).health).toBe('suppressed')
    expect((await rig.room(third)).suppressions).toBeUndefined()
    await saveGroup([second])
    await rig.lookAnew()
    expect((await rig.room(room)).suppressions).toBeUndefined()
    // Who loses the right brings no more rooms in; what is suppressed stays until it ends.
    rig.allow(somebody, [])
    await saveGroup([second, room])
    await rig.lookAnew()
    expect([(await rig.room(second)).health, (await rig.room(room)).suppressions]).toEqual(['suppressed', undefined])
  })

  it('ends when its group is deleted', async () => {
    await saveGroup([room])
    await rig.suppress({ groups: [group], until: start + hour })
    await report(bad)
    await rig.incidents.write(async (tx) => {
      await tx.delete.roomGroup().where('id', '=', group).execute()
    })
    await rig.pass(minute)
    await rig.lookAnew()
    expect(await statuses()).toEqual(['investigating'])
    expect(await only('ended')).toMatchObject({ endedAt: start + minute })
  })

  it('is over what is at the place now, and lets go of a room that moves away', async () => {
    await rig.place(room, { city: 'Lyon', building: 'Tower' })
    const other = await rig.incidents.room()
    await rig.suppress({ place: { city: 'lyon' }, until: start + hour })
    expect((await rig.room(room)).suppressions).toMatchObject([{ over: 'place' }])
    await rig.place(other, { city: 'Lyon' })
    await rig.place(room, { city: 'Paris' })
    await rig.lookAnew()
    expect([(await rig.room(room)).suppressions, (await rig.room(other)).health]).toEqual([undefined, 'suppressed'])
  })

  it('[PAR-4] a place shows nobody whether others have rooms there', async () => {
    const [somebody, other] = [PersonId.parse(v7()), await rig.incidents.room()]
    for (const id of [room, other]) await rig.place(id, { city: 'Lyon' })
    rig.allow(somebody, [room])
    await rig.suppress({ place: { city: 'Lyon' }, until: start + hour }, somebody)
    expect([(await rig.room(room)).health, (await rig.room(other)).health]).toEqual(['suppressed', 'unknown'])
    rig.allow(somebody, [await rig.incidents.room()])
    await expect(rig.suppress({ place: { city: 'Lyon' } }, somebody)).rejects.toEqual(refused('suppression.noRooms'))
  })
})

describe('[ROM-3] a window that comes again', () => {
  // Monday noon; each night at two, for two hours.
  const nightly = { rrule: 'FREQ=DAILY', start: '2026-11-01T02:00', durationMinutes: 120 }
  const stretch = async (of = room) => (await rig.room(of)).suppressions?.map(({ from, until }) => [from, until]) ?? []

  it('comes in each room by its own clock, and goes; what is bad then begins', async () => {
    const east = await rig.incidents.room()
    await rig.place(room, { timeZone: 'Europe/Paris' })
    await rig.place(east, { timeZone: 'Asia/Tokyo' })
    await rig.suppress({ rooms: [room, east], recurrence: nightly })
    const [tokyo, paris] = [Date.UTC(2026, 10, 2, 17), Date.UTC(2026, 10, 3, 1)]
    expect(await only()).toMatchObject({ state: 'upcoming', span: { from: tokyo }, confirmBy: start + 90 * dayMs })
    await rig.pass(tokyo - rig.now)
    expect([await stretch(east), await stretch()]).toEqual([[[tokyo, tokyo + 2 * hour]], []])
    expect((await only())?.state).toBe('running')
    await rig.pass(2 * hour)
    expect(await stretch(east)).toEqual([])
    await rig.pass(paris - rig.now)
    await report(bad)
    await rig.pass(hour)
    expect(await statuses()).toEqual([])
    await rig.pass(hour)
    expect(await statuses()).toEqual(['investigating'])
    expect(await only()).toMatchObject({ state: 'upcoming', hid: { faults: 1, stillBad: 1 } })
    await rig.pass(22 * hour)
    expect(await stretch()).toEqual([[paris + 24 * hour, paris + 26 * hour]])
  })

  it('goes with a room that changes its zone', async () => {
    await rig.place(room, { timeZone: 'Asia/Tokyo' })
    await rig.suppress({ rooms: [room], recurrence: nightly })
    const tokyo = Date.UTC(2026, 10, 2, 17)
    await rig.pass(tokyo - rig.now)
    expect(await stretch()).toHaveLength(1)
    await rig.place(room, { timeZone: 'Europe/Paris' })
    await rig.lookAnew()
    expect(await stretch()).toEqual([])
    await rig.pass(Date.UTC(2026, 10, 3, 1) - rig.now)
    expect(await stretch()).toHaveLength(1)
  })

  it('comes no more after its end, and then is over', async () => {
    await rig.suppress({ rooms: [room], recurrence: nightly, until: start + 2 * dayMs })
    await rig.pass(Date.UTC(2026, 10, 3, 2) - rig.now)
    expect(await stretch()).toHaveLength(1)
    await rig.pass(Date.UTC(2026, 10, 4, 4) - rig.now)
    expect(await stretch()).toEqual([])
    expect(await only('ended')).toMatchObject({ endedBy: null })
  })

  it('is refused where it never comes, cannot be read, or lasts until the next one', async () => {
    const of = (rrule: string, durationMinutes = 60) => rig.suppress({ rooms: [room], recurrence: { ...nightly, rrule, durationMinutes } })
    await expect(of('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30')).rejects.toEqual(refused('suppression.neverComes'))
    await expect(of('FREQ=DAILY;UNTIL=20260101T000000Z')).rejects.toEqual(refused('suppression.neverComes'))
    await expect(of('FREQ=DAILY;BYDAY=XX')).rejects.toEqual(refused('suppression.ruleInvalid'))
    await expect(of('FREQ=DAILY', 24 * 60)).rejects.toEqual(refused('suppression.longerThanPeriod'))
    const last = { ...nightly, rrule: 'FREQ=DAILY;COUNT=2', start: '2026-01-01T02:00' }
    await expect(rig.suppress({ rooms: [room], recurrence: last })).rejects.toEqual(refused('suppression.neverComes'))
  })
})

describe('[ROM-3] one without an end', () => {
  const notices = () => rig.incidents.read().list('notice', { limit: 10 })

  it('is asked about after 7 days, and again 7 days after somebody confirmed it', async () => {
    const suppression = await rig.suppress({ rooms: [room] })
    expect(await only()).toMatchObject({ toConfirm: false, confirmBy: start + 7 * dayMs, soon: false })
    await rig.pass(7 * dayMs - 1)
    expect(await notices()).toEqual([])
    await rig.pass(1)
    expect(await only()).toMatchObject({ state: 'running', toConfirm: true })
    expect(await notices()).toMatchObject([{ person: rig.boss, what: 'suppressionAsks', text: 'Works' }])
    await rig.pass(hour)
    await rig.lookAnew()
    expect(await notices()).toHaveLength(1)
    await rig.pass(15 * dayMs)
    expect(await notices()).toHaveLength(2)
    await rig.send({ type: 'suppression.confirm', suppression })
    expect(await only()).toMatchObject({ toConfirm: false, confirmBy: rig.now + 7 * dayMs })
    await rig.suppress({ suppression, rooms: [room], until: rig.now + dayMs })
    expect(await only()).toMatchObject({ confirmBy: null, soon: true })
    await expect(rig.send({ type: 'suppression.confirm', suppression })).rejects.toEqual(refused('suppression.hasEnd'))
    await rig.send({ type: 'suppression.end', suppression })
    await expect(rig.send({ type: 'suppression.end', suppression })).rejects.toEqual(refused('suppression.ended'))
    await expect(rig.suppress({ suppression, rooms: [room] })).rejects.toEqual(refused('suppression.ended'))
  })

  it('[rule 12] is deleted long after it ended, with what it hid', async () => {
    const suppression = await rig.suppress({ rooms: [room] })
    await report(bad)
    await rig.send({ type: 'suppression.end', suppression })
    const { store, system } = rig.incidents
    const prune = () => pruneSuppressions({ store, clock: system.clock })
    await rig.pass(kept.suppressionDays * dayMs)
    expect(await prune()).toBe(0)
    await rig.pass(1)
    expect(await prune()).toBe(1)
    const { tables } = rig.incidents.read()
    expect(await tables.hiddenFault().selectAll().execute()).toEqual([])
    expect(await tables.suppressionRoom().selectAll().execute()).toEqual([])
  })
})
