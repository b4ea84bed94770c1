import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Doc, Incident } from '../../contract/entities.ts'
import { errors } from '../../contract/errors.ts'
import { SnapshotPage } from '../../contract/feed.ts'
import { AssignmentId, EntryId, IncidentId, RoleId, type RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { until } from '../../contract/testing/wait.ts'
import { removeAssignment, saveAssignment } from '../access/assignments.ts'
import { enrolRooms } from '../enrolment/offboarding.ts'
import { system } from '../ground/store/transaction.ts'
import { TestDevice } from '../testing/agents/device.ts'
import { type Parts, proManager, startParts } from '../testing/agents/parts.ts'
import { TestConsole } from '../testing/feed/console.ts'

let service: Parts
const assignment = AssignmentId.parse(v7())

beforeEach(async () => {
  service = await startParts({ timing: { feedBeatMs: 100 } })
})
afterEach(async () => {
  await service.close()
})

const write = <T>(work: Parameters<typeof service.deps.store.write<T>>[2]) => service.deps.store.write(service.tenant, system, work)
const enrol = (rooms: RoomId[]) => write((tx) => enrolRooms(service.deps.rooms, tx, rooms))
const assign = (rooms: 'all' | RoomId[], role = 'siteLead') =>
  write((tx) =>
    saveAssignment(tx, {
      id: assignment,
      name: 'Lead',
      role: RoleId.parse(role),
      members: [{ kind: 'person', id: 'clara' }],
      scope: rooms === 'all' ? rooms : { rooms, groups: [] },
    }),
  )
/** An entry of an incident, as far as the feed knows of it. */
const entryOf = (room: RoomId): Omit<Doc<'entry'>, 'at'> => ({
  id: EntryId.parse(v7()),
  incident: IncidentId.parse(v7()),
  room,
  kind: 'comment',
  actor: { kind: 'system' },
  receivedAt: 1,
})
const consoleOf = async (person: string) => new TestConsole(service.url, await service.token(person))
const follow = async (person: string) => {
  const made = await consoleOf(person)
  await made.snapshot()
  made.connect()
  await made.live()
  return made
}

it('[rule 13] so many feeds of one person are open at once, and others are let in', async () => {
  const open = await Promise.all(Array.from({ length: limits.feedsPerPerson }, () => consoleOf('clara')))
  for (const console of open) console.connect()
  await until('all feeds', () => open.every(({ heard }) => heard.length > 0))
  const more = await consoleOf('clara')
  more.connect()
  await until('a refusal', () => more.closed)
  expect(more.status).toBe(errors['feed.tooMany'][0])
  await follow(proManager)
  open[0]?.socket?.terminate()
  // The service hears of the end a little later.
  await until('the place that was left', () => {
    if (more.closed && more.status !== undefined) {
      more.status = undefined
      more.connect()
    }
    return more.heard.length > 0
  })
})

it('[rule 13] one that says hello without end is let go, and others follow on', async () => {
  const other = await follow(proManager)
  const console = await consoleOf('clara')
  console.connect()
  await until('a word', () => console.heard.length > 0)
  for (let n = 0; n < 2 * limits.requestsPerMinute; n++) console.socket?.send(JSON.stringify({ type: 'hello', versions: [2] }))
  await until('its end', () => console.heard.some((message) => message.type === 'error' && message.code === 'rate.limited'))
  expect(other.closed).toBe(false)
})

describe('[CON-2] a console', () => {
  it('without a copy is told to fetch a snapshot, and follows after it', async () => {
    const device = await TestDevice.enrol(service.url)
    const console = await consoleOf(proManager)
    console.connect()
    await console.hears('snapshot')
    await console.snapshot()
    console.hello()
    await console.live()
    expect(console.doc('room', device.enrolment.room)).toMatchObject({ lifecycle: 'onboarding' })
  })

  it('sees a new room, a fault and its end without asking', async () => {
    const console = await follow(proManager)
    const device = await TestDevice.enrol(service.url)
    const { room } = device.enrolment
    await until('the room', () => console.doc('room', room))
    await device.connect()
    await enrol([room])
    device.report({ 'peripherals.camera': 'unhealthy' })
    await until('the room to be unhealthy', () => JSON.stringify(console.doc('room', room) ?? '').includes('"health":"unhealthy"'))
    expect(console.count('incident')).toBe(1)
    expect(console.count('entry')).toBeGreaterThan(0)
    device.report({ 'peripherals.camera': 'healthy' })
    await until('the room to be healthy', () => JSON.stringify(console.doc('room', room)).includes('"health":"healthy"'))
  })

  it('that is live is told of a change what is other, and has by it what a fresh copy has', async () => {
    const console = await follow(proManager)
    const device = await TestDevice.enrol(service.url)
    const { room } = device.enrolment
    await until('the room', () => console.doc('room', room))
    await device.connect()
    await enrol([room])
    await device.acknowledged(device.report({}, { signals: { 'peripherals.camera': { value: 'healthy', detail: 'Rally Bar' } } }))
    for (const value of ['unhealthy', 'healthy', 'unhealthy'] as const) {
      await device.acknowledged(device.report({ 'peripherals.camera': value }))
    }
    const fresh = await consoleOf(proManager)
    await fresh.snapshot()
    const docs = ({ rows }: TestConsole) => [...rows].map(([key, { rev, doc }]) => [key, rev, doc]).sort()
    await until('the change', () => console.rows.get(`room/${room}`)?.rev === fresh.rows.get(`room/${room}`)?.rev)
    expect(docs(console)).toEqual(docs(fresh))
    const told = console.heard.flatMap((message) => (message.type === 'batch' ? message.rows : []))
    expect(told.filter(({ kind, difference }) => kind === 'room' && difference === undefined)).toHaveLength(1)
    // What the device said of itself at its hello; and nothing of it since.
    expect(told.filter(({ kind }) => kind === 'device').map(({ rev }) => rev)).toEqual([1, 2, 3])
  })

  it('of the version before has what it knows of signals and severities, by snapshot and live', async () => {
    const device = await TestDevice.enrol(service.url)
    const { room } = device.enrolment
    const [older, newer] = [await consoleOf(proManager), await follow(proManager)]
    older.version = 2
    const pages = await older.snapshot()
    expect(pages[0]?.total).toBe(older.rows.size)
    older.connect()
    expect(await older.hears('welcome')).toMatchObject({ version: 2 })
    await older.live()
    await device.connect()
    await enrol([room])
    await device.acknowledged(device.report({ 'connectivity.signInTeams': 'unhealthy', 'peripherals.diskSpace': 'unhealthy' }))
    const incidentsOf = (console: typeof older) =>
      [...console.rows.values()].flatMap(({ kind, doc }) => (kind === 'incident' && Incident.parse(doc).room === room ? [doc] : []))
    await until('the faults', () => incidentsOf(newer).length === 2 && incidentsOf(older).length === 1)
    expect(incidentsOf(older)).toMatchObject([{ signal: 'connectivity.signInTeams', severity: 'important', category: 'connectivity' }])
    await until('the counts', () => JSON.stringify(older.doc('room', room)).includes('"incidents":{"important":2,'))
    expect(older.rows.get(`room/${room}`)?.rev).toBe(newer.rows.get(`room/${room}`)?.rev)
  })

  it('goes on from its cursor after an absence, and has what everybody has', async () => {
    const away = await follow(proManager)
    away.socket?.terminate()
    const devices = await Promise.all(Array.from({ length: 30 }, () => TestDevice.enrol(service.url)))
    for (const device of devices.slice(0, 5)) {
      await device.connect()
      await device.acknowledged(device.report({ 'peripherals.camera': 'unhealthy' }))
    }
    away.connect()
    await away.live()
    const fresh = await consoleOf(proManager)
    await fresh.snapshot()
    await until('the copies to be equal', () => [...fresh.rows.keys()].every((key) => away.rows.get(key)?.rev === fresh.rows.get(key)?.rev))
    expect(away.rows.size).toBe(fresh.rows.size)
  })

  it('takes a snapshot in pieces beside live changes, and misses nothing', async () => {
    const devices = await Promise.all(Array.from({ length: 120 }, () => TestDevice.enrol(service.url)))
    await write(async (tx) => {
      for (const { enrolment } of devices) {
        const room = await tx.get('room', enrolment.room)
        for (let i = 0; i < 20 && room; i++) tx.put('entry', { ...entryOf(room.id), at: 1 })
      }
    })
    const console = await consoleOf(proManager)
    const [first] = devices
    await first?.connect()
    let step = 0
    const pages = await console.snapshot(async () => {
      await first?.acknowledged(first.report({ 'audio.speaker': step++ % 2 === 0 ? 'unhealthy' : 'healthy' }))
      await TestDevice.enrol(service.url)
    })
    expect(pages.length).toBeGreaterThan(1)
    expect(new Set(pages.map(({ cursor }) => cursor)).size).toBe(1)
    console.connect()
    await console.live()
    const fresh = await consoleOf(proManager)
    await fresh.snapshot()
    for (const [key, row] of fresh.rows) expect(console.rows.get(key)).toEqual(row)
    expect(console.rows.size).toBe(fresh.rows.size)
  })

  it('[CON-2] takes pages of so many bytes whatever is in them, gzipped where it takes that, and misses nothing', async () => {
    const { enrolment } = await TestDevice.enrol(service.url)
    const text = 'x'.repeat(limits.commentChars)
    const actor = { kind: 'system' } as const
    const ids = Array.from({ length: 1_200 }, () => EntryId.parse(v7()))
    await write(async (tx) => {
      for (const id of ids)
        tx.put('entry', { id, incident: IncidentId.parse(v7()), room: enrolment.room, kind: 'comment', actor, at: 1, receivedAt: 1, text })
    })
    const authorization = `Bearer ${await service.token(proManager)}`
    const ask = async (coding: string, after?: string) => {
      const query = after === undefined ? '' : `?${new URLSearchParams({ after })}`
      const answer = await fetch(`${service.url}/v1/snapshot${query}`, { headers: { authorization, 'accept-encoding': coding } })
      const page = await answer.text()
      return { page, coding: answer.headers.get('content-encoding'), packed: Number(answer.headers.get('content-length')) }
    }
    const seen: string[] = []
    let pages = 0
    for (let after: string | undefined, more = true; more; more = after !== undefined) {
      const gzipped = await ask('br, gzip;q=0.5', after)
      const plain = await ask(pages === 0 ? 'gzip;q=0' : 'identity', after)
      expect([gzipped.coding, plain.coding]).toEqual(['gzip', null])
      expect(gzipped.page).toBe(plain.page)
      expect(gzipped.packed).toBeLessThan(plain.packed / 10)
      expect(plain.packed).toBeLessThan(limits.snapshotPageFullBytes + 16 * 1024)
      const page = SnapshotPage.parse(JSON.parse(plain.page))
      seen.push(...page.rows.map(({ kind, id }) => `${kind} ${id}`))
      after = page.next
      pages++
    }
    expect(pages).toBeGreaterThan(2)
    expect(new Set(seen).size).toBe(seen.length)
    expect(ids.every((id) => seen.includes(`entry ${id}`))).toBe(true)
  })

  it('cannot use the cursor of another person, or one that it made up', async () => {
    const mine = await follow(proManager)
    await assign('all')
    for (const cursor of [mine.cursor, 'AAAA', 'x'.repeat(200)]) {
      const other = await consoleOf('clara')
      other.cursor = cursor
      other.connect()
      await other.hears('snapshot')
    }
    await expect((await consoleOf(proManager)).page('made-up')).rejects.toThrow()
  })
})

describe('[ACC-6, ACC-8] scope', () => {
  it('cuts the snapshot and the feed to the rooms of the person', async () => {
    const [inside, outside] = [await TestDevice.enrol(service.url), await TestDevice.enrol(service.url)]
    await assign([inside.enrolment.room])
    const clara = await follow('clara')
    expect([clara.count('room'), clara.count('device')]).toEqual([1, 1])
    expect(clara.count('settings')).toBe(0)
    expect(clara.count('me')).toBe(1)
    for (const device of [outside, inside]) {
      await device.connect()
      await device.acknowledged(device.report({ 'peripherals.camera': 'unhealthy' }))
    }
    await until('the change inside', () => JSON.stringify(clara.doc('room', inside.enrolment.room)).includes('unhealthy'))
    expect([...clara.rows.values()].filter(({ room }) => room === outside.enrolment.room)).toEqual([])
  })

  it('names what remains when rooms are taken away, and sends nothing of them any more', async () => {
    const [kept, lost] = [await TestDevice.enrol(service.url), await TestDevice.enrol(service.url)]
    await assign([kept.enrolment.room, lost.enrolment.room])
    const clara = await follow('clara')
    expect(clara.count('room')).toBe(2)
    await assign([kept.enrolment.room])
    const { rooms } = await clara.hears('scope')
    expect([rooms.room, rooms['device']]).toEqual([[kept.enrolment.room], [kept.enrolment.room]])
    expect([clara.count('room'), clara.count('device')]).toEqual([1, 1])
    await lost.connect()
    await lost.acknowledged(lost.report({ 'peripherals.camera': 'unhealthy' }))
    await kept.connect()
    await kept.acknowledged(kept.report({ 'peripherals.camera': 'unhealthy' }))
    await until('the change of the room that is left', () => JSON.stringify(clara.doc('room', kept.enrolment.room)).includes('unhealthy'))
    expect(clara.doc('room', lost.enrolment.room)).toBeUndefined()
  })

  it('is told at the next hello to who was away, and everything goes with the last assignment', async () => {
    const device = await TestDevice.enrol(service.url)
    await assign([device.enrolment.room])
    const clara = await follow('clara')
    clara.socket?.terminate()
    await write((tx) => removeAssignment(tx, assignment))
    clara.connect()
    const { rooms } = await clara.hears('scope')
    expect(rooms.room).toBeUndefined()
    expect(clara.count('room')).toBe(0)
  })
})

describe('sockets', () => {
  it.each([
    ['no token', async () => ({}), 401],
    ['a token that is none', async () => ({ authorization: 'Bearer nothing' }), 401],
    ['an expired token', async () => ({ authorization: `Bearer ${await service.token(proManager, -60)}` }), 401],
  ])('refuse %s', async (_, headers, status) => {
    const console = await consoleOf(proManager)
    console.connect(await headers())
    await until('the refusal', () => console.closed)
    expect(console.status).toBe(status)
  })

  it.each([
    ['not JSON', (console: TestConsole) => console.socket?.send('{')],
    ['an unknown message', (console: TestConsole) => console.say({ type: 'delete' })],
    ['binary', (console: TestConsole) => console.socket?.send(Buffer.from([1]))],
  ])('end at %s', async (_, act) => {
    const console = await follow(proManager)
    act(console)
    expect((await console.hears('error')).code).toBe('message.malformed')
    await until('the end', () => console.closed)
  })

  it('end with their token, unless it is renewed in place', async () => {
    const short = new TestConsole(service.url, await service.token(proManager, 2))
    const renewed = new TestConsole(service.url, await service.token(proManager, 2))
    for (const console of [short, renewed]) {
      await console.snapshot()
      console.connect()
      await console.live()
    }
    renewed.say({ type: 'renew', token: await service.token(proManager, 60) })
    expect((await short.hears('error')).code).toBe('auth.expired')
    await until('the end', () => short.closed)
    renewed.heard = []
    await renewed.hears('beat')
    expect(renewed.closed).toBe(false)
    renewed.say({ type: 'renew', token: await service.token('somebody else') })
    expect((await renewed.hears('error')).code).toBe('auth.invalid')
  })

  it('are refused at a path that is none', async () => {
    const console = new TestConsole(`${service.url}/nowhere`, await service.token(proManager))
    console.connect()
    await until('the refusal', () => console.closed)
    expect(console.status).toBe(404)
  })

  it('that do not read cost no memory, and have everything once they read again', async () => {
    const devices = await Promise.all(Array.from({ length: 40 }, () => TestDevice.enrol(service.url)))
    const slow = await follow(proManager)
    slow.socket?.pause()
    const filler = 'x'.repeat(100)
    for (let round = 0; round < 12; round++) {
      await write(async (tx) => {
        for (const { enrolment } of devices) {
          for (let i = 0; i < 40; i++) tx.put('entry', { ...entryOf(enrolment.room), at: round, text: filler.repeat(3) })
        }
      })
    }
    slow.socket?.resume()
    const lastSeq = await service.deps.store.read(service.tenant, 'wholeTenant').lastSeq()
    expect(lastSeq).toBeGreaterThan(19_000)
    await until('the slow console to have all', () => slow.count('entry') === 40 * 12 * 40)
  })
})
