import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApprovalRequest, Settings, Tenant } from '../../contract/entities.ts'
import { SnapshotPage } from '../../contract/feed.ts'
import type { RoomId } from '../../contract/ids.ts'
import { AuditPage } from '../../contract/policyApi.ts'
import { admin, automatic, invitation, objectIdOf, World } from '../testing/partners/world.ts'
import { roomsOf } from '../testing/rooms.ts'

/** The switch of remote access (REM-1), and licences of rooms (ROM-5), as each role may change them. */

const boss = 'boss@contoso.example'
const deputy = 'one@contoso.example'
const partner = 'one@fabrikam.example'
type Email = Parameters<World['ask']>[0]

let world: World
let room: RoomId
let other: RoomId

beforeAll(async () => {
  world = await World.start()
  room = await world.room('contoso')
  other = await world.room('contoso')
  const role = v7()
  const permissions = ['rooms.view', 'rooms.modify', 'rooms.create', 'roles.view', 'remoteAccess.modify']
  await done({ type: 'role.save', role, name: 'Deputy', description: '', permissions })
  const members = [{ kind: 'person', id: objectIdOf(deputy) }]
  await done({
    type: 'assignment.save',
    assignment: v7(),
    role,
    name: 'Deputies',
    description: '',
    notify: false,
    members,
    scope: { rooms: [room], groups: [] },
  })
  const first = { assignment: v7(), name: 'Settings', description: '', notify: false, members, scope: 'all' }
  await done({ type: 'role.save', role: v7(), name: 'Settings', description: '', permissions: ['settings.view', 'settings.modify'], first })
  const invited = invitation([room], { changeControl: { ...automatic, rooms: 'manual' } })
  await done(invited)
  await done({ type: 'invitation.accept', link: invited.link, admins: [admin(partner)] }, 'boss@fabrikam.example')
})
afterAll(async () => world.close())

async function done(command: Record<string, unknown>, email: Email = boss): Promise<void> {
  const answer = await world.command(email, command)
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
}
const customerOf = (email: Email) => (email === partner ? ({ customer: 'contoso' } as const) : {})
const change = async (email: Email, changes: Record<string, unknown>) => {
  const { status, code } = await world.command(email, { type: 'settings.change', changes }, customerOf(email))
  return status === 200 ? 'applied' : code
}
async function docs(kind: string, email: Email = boss): Promise<unknown[]> {
  const answer = await world.ask(email, '/v1/snapshot', undefined, customerOf(email).customer)
  return SnapshotPage.parse(answer.body).rows.flatMap((row) => (row.kind === kind && row.doc !== undefined ? [row.doc] : []))
}
const settings = async () => Settings.parse((await docs('settings'))[0])
const tenantSeenBy = async (email: Email) => Tenant.parse((await docs('tenant', email))[0])
const audit = async (query: string) => AuditPage.parse((await world.ask(boss, `/v1/audit?${query}`)).body).items

describe('[REM-1] the switch of remote access', () => {
  const contact = 'audit@contoso.example'
  const remote = [
    { remoteAccess: true, remoteContact: contact },
    { remoteAccess: false },
    { remoteContact: contact },
    { remoteContact: '' },
    { recordSessions: true },
    { recordingDays: 7 },
  ]

  it('is for managers of the tenant itself: no permission of a role gives it, nor a partner’s', async () => {
    const before = await settings()
    for (const changes of remote) {
      expect([changes, await change(deputy, { ...changes, flapCount: 9 })]).toEqual([changes, 'access.denied'])
      expect([changes, await change(partner, changes)]).toEqual([changes, 'access.denied'])
      expect([changes, await change('two@contoso.example', changes)]).toEqual([changes, 'access.denied'])
    }
    expect(await settings()).toEqual(before)
    expect(await change(deputy, { flapCount: 9 })).toBe('applied')
    const refused = await audit('category=Command&resultStatus=Failed')
    expect(refused[0]).toMatchObject({ objectName: 'settings.change', detail: { code: 'access.denied' } })
    expect(new Set(refused.map(({ user }) => user))).toEqual(new Set([deputy, partner, 'two@contoso.example']))
  })

  it('is off at first, needs a contact, and everyone’s console is told', async () => {
    expect(await settings()).toMatchObject({ remoteAccess: false, recordSessions: false })
    expect((await tenantSeenBy(partner)).remote).toBeUndefined()
    expect(await change(boss, { remoteAccess: true })).toBe('remote.contactMissing')
    expect(await change(boss, { remoteAccess: true, remoteContact: '' })).toBe('remote.contactMissing')
    expect(await change(boss, { remoteAccess: true, remoteContact: 'nobody' })).toBe('request.invalid')
    expect((await settings()).remoteAccess).toBe(false)
    expect(await change(boss, { remoteAccess: true, remoteContact: contact })).toBe('applied')
    for (const email of [boss, deputy, partner, 'two@contoso.example'] as const)
      expect((await tenantSeenBy(email)).remote).toEqual({ on: true, record: false })
    expect(await change(boss, { recordSessions: true })).toBe('applied')
    expect((await tenantSeenBy(partner)).remote).toEqual({ on: true, record: true })
  })

  it('keeps its contact as long as it is on', async () => {
    expect(await change(boss, { remoteContact: '' })).toBe('remote.contactMissing')
    expect((await settings()).remoteContact).toBe(contact)
    expect(await change(boss, { remoteContact: 'second@contoso.example' })).toBe('applied')
    expect(await change(boss, { remoteContact: '', remoteAccess: false })).toBe('applied')
    expect(await settings()).not.toHaveProperty('remoteContact')
    expect((await tenantSeenBy(partner)).remote).toEqual({ on: false, record: true })
  })

  it('leaves records of who did it, and what it was before', async () => {
    const action = 'settings.change'
    const records = (await audit('category=Settings')).map(({ user, detail }) => ({ user, detail }))
    expect(records.slice(0, 4)).toEqual([
      {
        user: boss,
        detail: { action, remoteContact: '', remoteAccess: false, before: { remoteContact: 'second@contoso.example', remoteAccess: true } },
      },
      { user: boss, detail: { action, remoteContact: 'second@contoso.example', before: { remoteContact: contact } } },
      { user: boss, detail: { action, recordSessions: true, before: { recordSessions: false } } },
      { user: boss, detail: { action, remoteAccess: true, remoteContact: contact, before: { remoteAccess: false } } },
    ])
    expect(await change(boss, { remoteContact: contact })).toBe('applied')
    expect(await change(boss, { remoteAccess: true })).toBe('applied')
    expect((await audit('category=Settings'))[0]?.detail).toEqual({
      action,
      remoteAccess: true,
      remoteContact: contact,
      before: { remoteAccess: false },
    })
  })
})

describe('[ROM-5] licences of rooms', () => {
  const licence = (rooms: readonly RoomId[], wanted: 'pro' | 'basic') => ({ type: 'rooms.licence', rooms, licence: wanted })
  const enrol = (rooms: readonly RoomId[]) => ({ type: 'rooms.enrol', rooms })
  const roomsNow = async () =>
    new Map(roomsOf(SnapshotPage.parse((await world.ask(boss, '/v1/snapshot')).body)).map((one) => [one.id, one]))

  it('are changed with rooms.modify over the room, and audited', async () => {
    expect((await world.command(deputy, licence([other], 'basic'))).code).toBe('room.notFound')
    expect((await world.command('two@contoso.example', licence([room], 'basic'))).code).toBe('access.denied')
    expect((await world.command(deputy, licence([room], 'gold' as 'pro'))).code).toBe('request.invalid')
    await done(licence([room], 'basic'), deputy)
    expect((await roomsNow()).get(room)?.licence).toBe('basic')
    expect((await roomsNow()).get(other)).not.toHaveProperty('licence')
    expect((await audit('category=Room'))[0]).toMatchObject({
      user: deputy,
      operation: 'Update',
      detail: { action: 'rooms.licence', licence: 'basic', rooms: [room] },
    })
  })

  it('without Pro no room is enrolled, nor any that was named with it', async () => {
    const refused = await world.command(boss, enrol([other, room]))
    expect(refused).toMatchObject({ status: 409, code: 'room.noLicence', body: { params: { room } } })
    expect((await roomsNow()).get(other)?.lifecycle).toBe('onboarding')
  })

  it('survive what else happens to the room; an enrolled room stays enrolled', async () => {
    await done(licence([room], 'pro'))
    await done(enrol([room]))
    await done(licence([room], 'basic'))
    await done({ type: 'rooms.ring', rooms: [room], ring: 'Staging' })
    expect((await roomsNow()).get(room)).toMatchObject({ licence: 'basic', lifecycle: 'enrolled', ring: 'Staging' })
    // It is enrolled already, so it is none of those that would be.
    await done(enrol([room, other]))
    expect((await roomsNow()).get(other)?.lifecycle).toBe('enrolled')
  })

  it('of a partner wait for approval, as the customer has said of rooms', async () => {
    const key = v7()
    const asked = await world.command(partner, licence([room], 'pro'), { customer: 'contoso', key })
    expect(asked.body).toMatchObject({ outcome: 'requested', request: key })
    expect((await roomsNow()).get(room)?.licence).toBe('basic')
    const request = (await docs('request')).map((doc) => ApprovalRequest.parse(doc)).find(({ id }) => id === key)
    expect(request).toMatchObject({
      status: 'waiting',
      kind: 'rooms',
      command: 'rooms.licence',
      subjectCount: 1,
      text: 'pro',
      by: { name: partner },
    })
    expect((await world.command(partner, licence([other], 'pro'), { customer: 'contoso' })).code).toBe('room.notFound')
    await done({ type: 'request.decide', request: key, approve: true })
    expect((await roomsNow()).get(room)?.licence).toBe('pro')
    expect((await audit('category=Room'))[0]).toMatchObject({
      user: partner,
      organisation: 'fabrikam',
      detail: { action: 'rooms.licence', licence: 'pro', approvedBy: boss },
    })
  })
})
