import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { IncidentList } from '../../contract/api.ts'
import { Incident } from '../../contract/entities.ts'
import { RoomId } from '../../contract/ids.ts'
import { Notice } from '../../contract/notifications.ts'
import { until } from '../../contract/testing/wait.ts'
import { admin, automatic, invitation, World } from '../testing/partners/world.ts'

/** What people report by hand, through the service as consoles ask it. */

const boss = 'boss@contoso.example'
const site = 'one@contoso.example'
const partner = 'boss@fabrikam.example'

let world: World
let here: RoomId
let there: RoomId
let hidden: RoomId

beforeAll(async () => {
  world = await World.start({ notifyWaitMs: 0 })
  ;[here, there, hidden] = [await world.room('contoso'), await world.room('contoso'), await world.room('contoso')]
  await done(boss, { type: 'rooms.enrol', rooms: [here, there, hidden] })
  const scope = { rooms: [here, there], groups: [] }
  const members = [admin(site)]
  await done(boss, {
    ...{ type: 'assignment.save', assignment: v7(), role: 'siteTech', name: 'Crew', description: '', notify: false },
    ...{ members, scope },
  })
  for (const email of [boss, site] as const) await world.ask(email, '/v1/me')
}, 60_000)
afterAll(async () => world.close())

type Email = Parameters<World['command']>[0]
const report = (rooms: readonly RoomId[], changes: Record<string, unknown> = {}) => ({
  type: 'issue.report',
  report: v7(),
  rooms,
  incidents: rooms.map(() => v7()),
  text: 'The table wobbles',
  high: false,
  ...changes,
})
const done = async (email: Email, command: Record<string, unknown>) => expect((await world.command(email, command)).status).toBe(200)
const incident = async (id: string, email: Email = boss): Promise<Incident> =>
  Incident.parse((await world.ask(email, `/v1/incidents/${id}`)).body)
const healthOf = async (room: RoomId): Promise<unknown> => {
  const { body } = await world.ask(boss, `/v1/rooms/${room}`)
  return body && typeof body === 'object' && 'health' in body ? body.health : undefined
}
const notices = async (email: Email): Promise<Notice[]> => {
  const { body } = await world.ask(email, '/v1/snapshot')
  const rows = body && typeof body === 'object' && 'rows' in body && Array.isArray(body.rows) ? body.rows : []
  return rows.flatMap((row: { kind: string; doc: unknown }) => (row.kind === 'notice' ? [Notice.parse(row.doc)] : []))
}

describe('[INC-4] an issue that people report', () => {
  it('is an incident in each room, once however often it is sent, and is closed with a reason that its reporter is told', async () => {
    const command = report([here, there], { high: true })
    const key = v7()
    expect((await world.command(site, command, { key })).status).toBe(200)
    expect((await world.command(site, command, { key })).status).toBe(200)
    await done(site, command)
    const [first = '', second = ''] = command.incidents
    const { items } = IncidentList.parse((await world.ask(boss, '/v1/incidents')).body)
    expect(items.filter((one) => one.report?.id === command.report).map(({ id }) => id)).toEqual(command.incidents)
    const one = await incident(first)
    expect(one).toMatchObject({ room: here, status: 'needAction', severity: 'critical', signal: 'customerReported.issue', openings: 1 })
    expect(one.report).toMatchObject({ by: { name: site }, text: 'The table wobbles', rooms: 2 })
    expect((await incident(second)).number).toBe(one.number + 1)
    await done(boss, { type: 'incident.acknowledge', incident: first, note: 'On my way' })
    expect((await incident(first)).acknowledged).toMatchObject({ note: 'On my way' })
    // Whoever reported it in one room may close it in another.
    await done(site, { type: 'issue.close', incident: second, reason: 'A shim' })
    await done(boss, { type: 'issue.close', incident: first, reason: 'A new table' })
    const closed = await incident(first)
    expect([closed.status, closed.acknowledged]).toEqual(['resolved', undefined])
    expect((await world.command(boss, { type: 'issue.close', incident: first, reason: 'Again' })).code).toBe('incident.resolved')
    const told = await until('the notice', async () => (await notices(site)).find(({ what }) => what === 'closed'))
    expect(told).toMatchObject({ text: 'A new table', by: boss, incident: { id: first, room: here } })
    // Of one's own doing nobody is told.
    expect((await notices(site)).filter(({ what }) => what === 'closed')).toHaveLength(1)
  })

  it('makes the room unhealthy until the last one is closed, or the room is unenrolled', async () => {
    const room = await world.room('contoso')
    expect((await world.command(boss, report([room]))).code).toBe('incident.roomNotEnrolled')
    await done(boss, { type: 'rooms.enrol', rooms: [room] })
    const before = await healthOf(room)
    const [one, two] = [report([room]), report([room])]
    await done(boss, one)
    await done(boss, two)
    expect(await healthOf(room)).toBe('unhealthy')
    await done(boss, { type: 'issue.close', incident: one.incidents[0], reason: 'Over' })
    expect(await healthOf(room)).toBe('unhealthy')
    await done(boss, { type: 'issue.close', incident: two.incidents[0], reason: 'Over' })
    expect(await healthOf(room)).toBe(before)
    const last = report([room])
    await done(boss, last)
    await done(boss, { type: 'rooms.unenrol', rooms: [room] })
    expect(await incident(last.incidents[0] ?? '')).toMatchObject({ status: 'resolved' })
  })

  it('is reported and closed by who may act on all of its rooms; of others nothing is told', async () => {
    const missing = await world.command(site, report([here, RoomId.parse(v7())]))
    const unseen = await world.command(site, report([here, hidden]))
    expect([unseen.status, unseen.code]).toEqual([missing.status, missing.code])
    const theirs = report([hidden])
    await done(boss, theirs)
    const close = (id: string) => world.command(site, { type: 'issue.close', incident: id, reason: 'Mine' })
    const [known, unknown] = [await close(theirs.incidents[0] ?? ''), await close(v7())]
    expect([known.status, known.code]).toEqual([unknown.status, unknown.code])
    // An id that another incident has is given anew, and does not tell that it is taken.
    const taken = report([here], { incidents: theirs.incidents })
    await done(site, taken)
    expect((await incident(theirs.incidents[0] ?? '')).room).toBe(hidden)
    const { items } = IncidentList.parse((await world.ask(site, '/v1/incidents')).body)
    const made = items.find((one) => one.report?.id === taken.report)
    expect(made?.room).toBe(here)
    await done(site, { type: 'issue.close', incident: made?.id, reason: 'Over' })
  })

  it('waits for the customer where a partner under change control reports it', async () => {
    const invite = invitation([here], { changeControl: { ...automatic, incidents: 'manual' } })
    await done(boss, invite)
    await done(partner, { type: 'invitation.accept', link: invite.link, admins: [admin(partner)] })
    const command = report([here])
    const key = v7()
    const asked = await world.command(partner, command, { customer: 'contoso', key })
    expect(asked.body).toMatchObject({ outcome: 'requested' })
    expect((await world.ask(boss, `/v1/incidents/${command.incidents[0] ?? ''}`)).status).toBe(404)
    await done(boss, { type: 'request.decide', request: key, approve: true })
    expect((await incident(command.incidents[0] ?? '')).report?.by).toMatchObject({ name: partner })
    await done(boss, { type: 'partner.remove', link: invite.link })
  })
})
