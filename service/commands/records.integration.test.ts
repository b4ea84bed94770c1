import { v7 } from 'uuid'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { IncidentList, MeAnswer } from '../../contract/api.ts'
import { type CommandType, commandTypes } from '../../contract/commands.ts'
import { Room } from '../../contract/entities.ts'
import type { RoomId } from '../../contract/ids.ts'
import { AssignmentList, AuditPage, type AuditRecordView, CustomerList, PartnerList } from '../../contract/policyApi.ts'
import { TestDevice } from '../agents/testing/device.ts'
import { until } from '../../contract/testing/wait.ts'
import { admin, automatic, invitation, World } from '../partners/testing/world.ts'

/**
 * What each command leaves in the audit (AUD-1): one record in each tenant that it changes, with the command's own name and
 * everything that it touched, by id and name; nothing where it changes nothing. docs/administrators.md says the same.
 */

const boss = 'boss@contoso.example'
const other = 'one@contoso.example'
const partner = 'boss@fabrikam.example'
const asker = 'one@fabrikam.example'
type Email = typeof boss | typeof other | typeof partner | typeof asker

let world: World
let room: RoomId
let incident: string

beforeAll(async () => {
  world = await World.start()
  await done(boss, { type: 'settings.change', changes: { openHoldMs: 0 } })
  const device = await TestDevice.enrol(
    world.url,
    { room: { name: 'Boardroom', place: { country: 'France', city: 'Lyon', building: 'A', floor: '1', timeZone: 'Europe/Paris' } } },
    'key-of-contoso-0123456789',
  )
  room = device.enrolment.room
  await done(boss, { type: 'rooms.enrol', rooms: [room] })
  await device.connect()
  await device.acknowledged(device.report({ 'peripherals.camera': 'unhealthy' }, { full: true }))
  device.drop()
  incident = (await until('the incident', async () => IncidentList.parse((await world.ask(boss, '/v1/incidents')).body).items[0])).id
  // Known to the service, with their names.
  for (const email of [other, partner, asker] as const) await world.ask(email, '/v1/me')
  me.boss = MeAnswer.parse((await world.ask(boss, '/v1/me')).body).id
}, 60_000)
afterAll(async () => world.close())

async function done(email: Email, command: Record<string, unknown>, customer?: 'contoso'): Promise<void> {
  const answer = await world.command(email, command, customer ? { customer } : {})
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
}

const logs = { contoso: boss, fabrikam: partner } as const
type Log = keyof typeof logs
const recordsOf = async (log: Log): Promise<AuditRecordView[]> =>
  AuditPage.parse((await world.ask(logs[log], '/v1/audit?limit=200')).body).items.toReversed()

/** What is new in both logs, as "log: category operation action of object by user". */
async function made(act: () => Promise<void>): Promise<{ lines: string[]; records: AuditRecordView[] }> {
  const known = { contoso: (await recordsOf('contoso')).at(-1)?.number ?? 0, fabrikam: (await recordsOf('fabrikam')).at(-1)?.number ?? 0 }
  await act()
  const lines: string[] = []
  const records: AuditRecordView[] = []
  for (const log of ['contoso', 'fabrikam'] as const) {
    for (const record of await recordsOf(log)) {
      if (record.number <= known[log]) continue
      records.push(record)
      const failed = record.resultStatus === 'Failed' ? ' failed' : ''
      lines.push(`${log}: ${record.category} ${record.operation} ${record.action} of ${record.objectName} by ${record.user}${failed}`)
    }
  }
  return { lines, records }
}

interface Case {
  /** What has to be there, before it is counted. */
  readonly arrange?: () => Promise<unknown>
  readonly by?: Email
  readonly customer?: 'contoso'
  readonly command: () => Record<string, unknown>
  readonly lines: () => string[]
  /** Ids and names that the records must name. */
  readonly touches: () => readonly string[]
  /** Whether doing it again with a new key changes nothing, and so leaves nothing. */
  readonly again: 'nothing' | 'more' | 'refused'
}

let group = ''
let role = ''
let assignment = ''
let link = ''
const scope = () => ({ rooms: [room], groups: [] })
const first = () => ({ assignment, name: `Crew ${assignment}`, description: '', notify: false, members: [admin(other)], scope: scope() })
const saveGroup = () => ({ type: 'group.save', group, name: `Group ${group}`, description: '', rooms: [room], rule: null })
const saveRole = () => ({
  type: 'role.save',
  role,
  name: `Role ${role}`,
  description: 'of some',
  permissions: ['rooms.view'],
  first: first(),
})
const saveAssignment = () => ({ type: 'assignment.save', ...first(), role: 'siteTech' })
const invite = (changes: Record<string, unknown> = {}) => ({ ...invitation([room]), link, ...changes })
const linked = async (changes: Record<string, unknown> = {}) => {
  await done(boss, invite(changes))
  await done(partner, { type: 'invitation.accept', link, admins: [admin(asker)] })
}
const asked = async () => {
  await linked({ changeControl: { ...automatic, rings: 'manual' } })
  const key = v7()
  expect(
    (await world.command(asker, { type: 'rooms.ring', rooms: [room], ring: ring() }, { customer: 'contoso', key })).body,
  ).toMatchObject({ outcome: 'requested' })
  request = key
}
let fresh = ''
let freshName = ''
async function freshRoom(): Promise<void> {
  fresh = await world.room('contoso')
  freshName = Room.parse((await world.ask(boss, `/v1/rooms/${fresh}`)).body).name
}
let yaml = ''
const me = { boss: '' }
const chosen = { ring: 'Staging' }
let request = ''
let rings = 0
/** Another one each time, and never the one that the room is put into. */
const ring = () => ['Executive', 'General'][rings++ % 2]

/** Of a room in onboarding, and of `more`. */
const ofFresh = (type: CommandType, more = (): string[] => [], name = () => freshName): Case => ({
  arrange: freshRoom,
  command: () => ({ type, rooms: [fresh, ...more()] }),
  lines: () => [`contoso: Room Update ${type} of ${name()} by ${boss}`],
  touches: () => [fresh, ...more()],
  again: 'refused',
})

const cases: { readonly [T in CommandType]: Case } = {
  'incident.acknowledge': {
    command: () => ({ type: 'incident.acknowledge', incident, note: 'I look' }),
    lines: () => [`contoso: Incident Update incident.acknowledge of #1 by ${boss}`],
    touches: () => [incident, room, 'Boardroom', 'I look'],
    again: 'more',
  },
  'incident.unacknowledge': {
    arrange: () => done(boss, { type: 'incident.acknowledge', incident }),
    command: () => ({ type: 'incident.unacknowledge', incident }),
    lines: () => [`contoso: Incident Update incident.unacknowledge of #1 by ${boss}`],
    touches: () => [incident, room, 'Boardroom'],
    again: 'nothing',
  },
  'incident.assign': {
    command: () => ({ type: 'incident.assign', incident, owner: me.boss }),
    lines: () => [`contoso: Incident Update incident.assign of #1 by ${boss}`],
    touches: () => [incident, room, 'Boardroom', me.boss, boss],
    again: 'nothing',
  },
  'incident.comment': {
    command: () => ({ type: 'incident.comment', incident, text: 'The cable' }),
    lines: () => [`contoso: Incident Update incident.comment of #1 by ${boss}`],
    touches: () => [incident, room, 'Boardroom', 'The cable'],
    again: 'more',
  },
  'rooms.enrol': ofFresh('rooms.enrol'),
  'rooms.unenrol': ofFresh('rooms.unenrol'),
  'rooms.ring': {
    command: () => ({ type: 'rooms.ring', rooms: [room], ring: chosen.ring }),
    lines: () => [`contoso: Room Update rooms.ring of Boardroom by ${boss}`],
    touches: () => [room, 'Boardroom', chosen.ring],
    again: 'nothing',
  },
  'rooms.licence': {
    arrange: () => done(boss, { type: 'rooms.licence', rooms: [room], licence: 'pro' }),
    command: () => ({ type: 'rooms.licence', rooms: [room], licence: 'basic' }),
    lines: () => [`contoso: Room Update rooms.licence of Boardroom by ${boss}`],
    touches: () => [room, 'Boardroom', 'basic'],
    again: 'nothing',
  },
  'rooms.rename': {
    arrange: () => done(boss, { type: 'rooms.rename', rooms: [room], name: 'Boardroom' }),
    command: () => ({ type: 'rooms.rename', rooms: [room], name: 'Board room' }),
    lines: () => [`contoso: Room Update rooms.rename of Board room by ${boss}`],
    touches: () => [room, 'Boardroom', 'Board room'],
    again: 'nothing',
  },
  'rooms.move': {
    arrange: () => done(boss, { type: 'rooms.rename', rooms: [room], name: 'Boardroom' }),
    command: () => ({ type: 'rooms.move', rooms: [room], place: { building: 'Annex', floor: '9' } }),
    lines: () => [`contoso: Room Update rooms.move of Boardroom by ${boss}`],
    touches: () => [room, 'Boardroom', 'Annex'],
    again: 'nothing',
  },
  'rooms.replace': ofFresh(
    'rooms.replace',
    () => [room],
    () => 'Boardroom',
  ),
  'settings.change': {
    command: () => ({ type: 'settings.change', changes: { flapCount: 7, openHoldMs: 0 } }),
    lines: () => [`contoso: Settings Update settings.change of Settings by ${boss}`],
    touches: () => ['"flapCount":7'],
    again: 'nothing',
  },
  'role.save': {
    command: saveRole,
    lines: () => [`contoso: Role Create role.save of Role ${role} by ${boss}`],
    touches: () => [role, 'rooms.view', assignment, `Crew ${assignment}`, admin(other).id, other, room, 'Boardroom'],
    again: 'nothing',
  },
  'role.delete': {
    arrange: () => done(boss, saveRole()),
    command: () => ({ type: 'role.delete', role }),
    lines: () => [`contoso: Role Delete role.delete of Role ${role} by ${boss}`],
    touches: () => [role, assignment, `Crew ${assignment}`, admin(other).id, other],
    again: 'refused',
  },
  'assignment.save': {
    command: saveAssignment,
    lines: () => [`contoso: Assignment Create assignment.save of Crew ${assignment} by ${boss}`],
    touches: () => [assignment, 'siteTech', admin(other).id, other, room, 'Boardroom'],
    again: 'nothing',
  },
  'assignment.delete': {
    arrange: () => done(boss, saveAssignment()),
    command: () => ({ type: 'assignment.delete', assignment }),
    lines: () => [`contoso: Assignment Delete assignment.delete of Crew ${assignment} by ${boss}`],
    touches: () => [assignment, 'siteTech', admin(other).id, other, room, 'Boardroom'],
    again: 'refused',
  },
  'group.save': {
    command: saveGroup,
    lines: () => [`contoso: RoomGroup Create group.save of Group ${group} by ${boss}`],
    touches: () => [group, room, 'Boardroom'],
    again: 'nothing',
  },
  'group.delete': {
    arrange: () => done(boss, saveGroup()),
    command: () => ({ type: 'group.delete', group }),
    lines: () => [`contoso: RoomGroup Delete group.delete of Group ${group} by ${boss}`],
    touches: () => [group, room, 'Boardroom'],
    again: 'refused',
  },
  'partner.invite': {
    command: () => invite(),
    lines: () => [`contoso: PartnerInvitation Create partner.invite of fabrikam.example by ${boss}`],
    touches: () => [link, room, 'Boardroom'],
    again: 'refused',
  },
  'partner.change': {
    arrange: () => linked(),
    command: () => ({
      type: 'partner.change',
      link,
      changeControl: { ...automatic, roles: 'manual' },
      remoteAccess: false,
      multiFactor: false,
    }),
    lines: () => [`contoso: PartnerInvitation Update partner.change of fabrikam by ${boss}`],
    touches: () => [link, '"roles":"manual"', '"roles":"automatic"'],
    again: 'nothing',
  },
  'partner.remove': {
    arrange: () => linked(),
    command: () => ({ type: 'partner.remove', link }),
    lines: () => [`contoso: PartnerInvitation Delete partner.remove of fabrikam by ${boss}`],
    touches: () => [link, room, 'Boardroom'],
    again: 'refused',
  },
  'invitation.accept': {
    arrange: () => done(boss, invite()),
    by: partner,
    command: () => ({ type: 'invitation.accept', link, admins: [admin(asker)] }),
    lines: () => [
      `contoso: PartnerInvitation Update invitation.accept of fabrikam by ${partner}`,
      `fabrikam: PartnerInvitation Update invitation.accept of contoso by ${partner}`,
    ],
    touches: () => [link, admin(asker).id, asker, 'Assigned admins', room, 'Boardroom'],
    again: 'refused',
  },
  'invitation.deny': {
    arrange: () => done(boss, invite()),
    by: partner,
    command: () => ({ type: 'invitation.deny', link }),
    lines: () => [
      `contoso: PartnerInvitation Delete invitation.deny of fabrikam.example by ${partner}`,
      `fabrikam: PartnerInvitation Delete invitation.deny of contoso by ${partner}`,
    ],
    touches: () => [link],
    again: 'refused',
  },
  'customer.leave': {
    arrange: () => linked(),
    by: partner,
    command: () => ({ type: 'customer.leave', link }),
    lines: () => [
      `contoso: PartnerInvitation Delete customer.leave of fabrikam by ${partner}`,
      `fabrikam: PartnerInvitation Delete customer.leave of contoso by ${partner}`,
    ],
    touches: () => [link],
    again: 'refused',
  },
  'tenantManagers.set': {
    command: () => ({ type: 'tenantManagers.set', members: [admin(other)] }),
    lines: () => [`contoso: Assignment Update tenantManagers.set of Tenant managers by ${boss}`],
    touches: () => [admin(other).id, other],
    again: 'nothing',
  },
  // Two acts of two people: what was asked for, and that it was approved.
  'request.decide': {
    arrange: asked,
    command: () => ({ type: 'request.decide', request, approve: true }),
    lines: () => [
      `contoso: Room Update rooms.ring of Boardroom by ${asker}`,
      `contoso: Request Update request.decide of rooms.ring Boardroom by ${boss}`,
    ],
    touches: () => [request, room, 'Boardroom', asker, boss],
    again: 'refused',
  },
  'request.withdraw': {
    arrange: asked,
    by: asker,
    customer: 'contoso',
    command: () => ({ type: 'request.withdraw', request }),
    lines: () => [`contoso: Request Update request.withdraw of rooms.ring Boardroom by ${asker}`],
    touches: () => [request, 'Boardroom'],
    again: 'refused',
  },
  // A file is many acts: one record for each thing that it changes, and one for itself.
  'policy.import': {
    arrange: async () => {
      const { body } = await world.ask(boss, '/v1/policy')
      yaml = String(body).replace(/^roles:.*$/m, `roles:\n  - name: Filed ${role}\n    permissions: [rooms.view]`)
    },
    command: () => ({ type: 'policy.import', yaml }),
    lines: () => [
      `contoso: Role Create role.save of Filed ${role} by ${boss}`,
      `contoso: Policy Update policy.import of Policy file by ${boss}`,
    ],
    touches: () => ['rooms.view', 'policy.import'],
    again: 'nothing',
  },
}

beforeEach(async () => {
  const { items } = CustomerList.parse((await world.ask(partner, '/v1/customers')).body)
  for (const known of items) await done(boss, { type: 'partner.remove', link: known.link })
  ;[group, role, assignment, link] = [v7(), v7(), v7(), v7()]
})

describe('the records of a command', () => {
  it.each(commandTypes)('[AUD-1] %s', async (type) => {
    const { arrange, by = boss, customer, command, lines, touches, again } = cases[type]
    await arrange?.()
    const given = command()
    const key = v7()
    const act = async (): Promise<void> => {
      const answer = await world.command(by, given, { key, ...(customer ? { customer } : {}) })
      expect(answer).toMatchObject({ status: 200, body: { outcome: 'applied' } })
    }
    const found = await made(act)
    expect(found.lines).toEqual(lines())
    const text = JSON.stringify(found.records)
    for (const touched of touches()) expect(text).toContain(touched)
    // Sent again it is the same act.
    expect((await made(act)).lines).toEqual([])
    const second = await made(async () => {
      const answer = await world.command(by, given, customer ? { customer } : {})
      expect(answer.status === 200).toBe(again !== 'refused')
    })
    if (again === 'nothing') expect(second.lines).toEqual([])
    if (again === 'more') expect(second.lines).toEqual(lines())
    // What is refused is one record too, of what was tried.
    if (again === 'refused')
      expect(second.lines).toEqual([`${by === partner ? 'fabrikam' : 'contoso'}: Command Update ${type} of ${type} by ${by} failed`])
  })
})

describe('the customer’s save of a partner’s "Assigned admins"', () => {
  it('[PAR-4] is refused for everything but the rooms, with the field and one failed record', async () => {
    await linked()
    const { items } = AssignmentList.parse((await world.ask(boss, '/v1/assignments')).body)
    const shown = items.find((one) => one.link === link)
    if (!shown) throw new Error('There are no Assigned admins.')
    const { id, role: itsRole, name, description, notify, members, scope: itsScope } = shown
    const same = {
      type: 'assignment.save',
      assignment: id,
      role: itsRole,
      name,
      description,
      notify,
      members: members.map(({ kind, id: member }) => ({ kind, id: member })),
      scope: itsScope,
    }
    const others = { role: 'siteTech', name: 'Ours', description: 'Ours', notify: !notify, members: [admin('two@fabrikam.example')] }
    for (const [field, value] of Object.entries(others)) {
      const { lines } = await made(async () => {
        expect(await world.command(boss, { ...same, [field]: value })).toMatchObject({ code: 'assignment.builtIn', body: { field } })
      })
      // The same refusal again is counted with the first.
      expect(lines).toEqual(field === 'role' ? [`contoso: Command Update assignment.save of assignment.save by ${boss} failed`] : [])
    }
    expect((await made(() => done(boss, same))).lines).toEqual([])
    const second = await world.room('contoso')
    const { lines } = await made(() => done(boss, { ...same, scope: { rooms: [room, second], groups: [] } }))
    expect(lines).toEqual([`contoso: Assignment Update assignment.save of Assigned admins by ${boss}`])
  })
})

describe('a policy file that invites a partner under the id of another organisation’s invitation', () => {
  it('[AUD-1, PAR-1] is recorded with the id under which the invitation is kept', async () => {
    const taken = v7()
    const theirs = await world.room('adatum')
    const invited = await world.command('boss@adatum.example', { ...invitation([theirs]), link: taken })
    expect(invited.status).toBe(200)
    const { body } = await world.ask(boss, '/v1/policy')
    const terms = { changeControl: automatic, remoteAccess: false, multiFactor: false, expiresInDays: 7, agreeToTerms: true }
    const partner = { id: taken, domain: 'nowhere.example', scope: { rooms: [room], groups: [] }, ...terms }
    const yaml = String(body).replace(/^partners:.*$/m, `partners:\n  - ${JSON.stringify(partner)}`)
    const { records } = await made(() => done(boss, { type: 'policy.import', yaml }))
    const { items } = PartnerList.parse((await world.ask(boss, '/v1/partners')).body)
    const kept = items.find(({ domain }) => domain === 'nowhere.example')?.id
    expect(kept).not.toBe(taken)
    expect(JSON.stringify(records)).toContain(kept)
    expect(JSON.stringify(records)).not.toContain(taken)
    await done(boss, { type: 'partner.remove', link: kept })
  })
})
