import { pino } from 'pino'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Command, CommandRequest, PolicyCommand } from '../../contract/commands.ts'
import { ChangeKind } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { AssignmentId, CommandKey, GroupId, LinkId, RequestId, RoleId, type TenantId } from '../../contract/ids.ts'
import type { AssignmentScope, Member } from '../../contract/policy.ts'
import { saveAssignment } from '../access/assignments.ts'
import { knowPeople, savePerson } from '../access/people.ts'
import { changePolicy } from '../access/policies.ts'
import { type Caller, callerWithin } from '../access/service.ts'
import { Refusals } from '../audit/refusals.ts'
import type { DirectoryReader } from '../directory/directory.ts'
import { EmbeddedDirectory } from '../directory/embedded.ts'
import { ada, bela, cyd, finn, makeOrganisations, type Organisations } from '../directory/testing/organisations.ts'
import { embeddedIssuerName } from '../identity/directory.ts'
import { Rooms } from '../incidents/rooms.ts'
import { makeMetrics } from '../ops/metrics.ts'
import { linkRow } from '../partners/links.ts'
import { system } from '../store/transaction.ts'
import { prepare } from './prepare.ts'
import { preview } from './preview.ts'
import { submit } from './submit.ts'

/** The directory changes here without the service being told: what it knows is stale until it asks. */

let made: Organisations
let now = 0
let down = false
let directory: DirectoryReader
let refusals: Refusals

beforeEach(async () => {
  now = 1_800_000_000_000
  down = false
  made = await makeOrganisations(() => now)
  refusals = new Refusals({ store: made.store, now: () => now, log: pino({ level: 'silent' }) })
  const embedded = new EmbeddedDirectory(made.store)
  const answered = <T>(work: () => Promise<T>): Promise<T> => (down ? Promise.reject(new RoomkeeperError('directory.unavailable')) : work())
  directory = Object.assign(new EmbeddedDirectory(made.store), {
    principals: (tenant: string, ids: readonly string[]) => answered(() => embedded.principals(tenant, ids)),
    membersOf: (tenant: string, group: string) => answered(() => embedded.membersOf(tenant, group)),
  })
})
afterEach(async () => {
  await refusals.stop()
  await made.close()
})

const person = ({ id }: { id: string }): Member => ({ kind: 'person', id })
const group = (id: string): Member => ({ kind: 'group', id })
const deps = () => ({ store: made.store, rooms: new Rooms(), metrics: makeMetrics(), directory, refusals, now: () => now })
const read = (tenant = made.contoso) => made.store.read(tenant, 'wholeTenant')

/** Somebody as a caller, as their token says it. */
async function callerOf({ id: objectId, name, email }: typeof ada, tenant: TenantId, where: string, at = tenant): Promise<Caller> {
  const id = await made.store.write(
    tenant,
    system,
    async (tx) =>
      (
        await savePerson(tx, {
          issuer: embeddedIssuerName,
          directory: where,
          objectId,
          name,
          email,
          globalAdministrator: false,
          groups: [],
          issuedAt: 1_000,
        })
      ).id,
  )
  const caller = await made.store.write(at, system, (tx) => callerWithin(tx, id))
  if (!caller) throw new Error(`${name} has nothing there.`)
  return caller
}

const give = (command: Command, caller: Caller, changes: Partial<CommandRequest> = {}) =>
  submit(deps(), caller, { key: CommandKey.parse(v7()), issuedAt: now, command, ...changes })
const preparing = (caller: Caller, request: RequestId) => prepare(deps(), caller, { type: 'request.decide', request, approve: true })
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'applied',
    (error: unknown) => (error instanceof RoomkeeperError ? error.code : String(error)),
  )
const save = (assignment: AssignmentId, name: string, role: string, members: Member[], scope: AssignmentScope = 'all') =>
  ({
    type: 'assignment.save',
    assignment,
    role: RoleId.parse(role),
    name,
    description: '',
    notify: false,
    members,
    scope,
  }) satisfies PolicyCommand
const setMembers = (id: string, members: Member[]) =>
  made.store.writeService((db) =>
    db
      .updateTable('directoryGroup')
      .set({ members: JSON.stringify(members) })
      .where('id', '=', id)
      .execute(),
  )

async function membersOf(id: AssignmentId): Promise<Member[]> {
  const { members } = await read().tables.assignment().select('members').where('id', '=', id).executeTakeFirstOrThrow()
  return JSON.parse(members) as Member[]
}
async function proManagers(): Promise<AssignmentId> {
  return (await read().tables.assignment().select('id').where('role', '=', RoleId.parse('proManager')).executeTakeFirstOrThrow()).id
}
/** As a reading of the directory long ago left them. */
const known = (tenant: TenantId, where: string, { id: objectId, name, email }: typeof ada, groups: string[], link: LinkId | null = null) =>
  made.store.write(tenant, system, (tx) =>
    knowPeople(tx, [{ issuer: embeddedIssuerName, directory: where, objectId, name, email, link, groups: { ids: groups, at: tx.at } }]),
  )

describe('membership of a security group, where it decides', () => {
  it('[ACC-3] is the directory’s and not the one known before: a group that lost its people cannot be the last Pro Manager', async () => {
    const caller = await callerOf(cyd, made.contoso, 'contoso')
    await known(made.contoso, 'contoso', ada, ['ops'])
    await setMembers('ops', [])
    const id = await proManagers()
    const shown = await preview(deps(), caller, save(id, 'Pro Managers', 'proManager', [person(cyd), group('ops')]))
    expect(shown.gain.people).toBe(0)
    expect(await codeOf(give(save(id, 'Pro Managers', 'proManager', [group('ops')]), caller))).toBe('assignment.lastProManager')
    expect(await membersOf(id)).toEqual([person(cyd)])
    await setMembers('ops', [person(bela)])
    expect(await preview(deps(), caller, save(id, 'Pro Managers', 'proManager', [person(cyd), group('ops')]))).toMatchObject({
      gain: { people: 1 },
      people: [{ person: { name: bela.name } }],
    })
    expect(await codeOf(give(save(id, 'Pro Managers', 'proManager', [group('ops')]), caller))).toBe('applied')
    expect(await membersOf(id)).toEqual([group('ops')])
  })

  it('[ACC-3] takes what was held through the group before the change is judged, and makes nobody a member by name', async () => {
    const caller = await callerOf(cyd, made.contoso, 'contoso')
    const id = await proManagers()
    expect(await codeOf(give(save(id, 'Pro Managers', 'proManager', [person(cyd), group('ops')]), caller))).toBe('applied')
    await setMembers('ops', [])
    expect(await codeOf(give(save(id, 'Pro Managers', 'proManager', [group('ops')]), caller))).toBe('assignment.lastProManager')
    expect(await membersOf(id)).toEqual([person(cyd), group('ops')])
    expect(JSON.stringify(await read().tables.audit().selectAll().execute())).not.toContain('administrators.keep')
  })

  it('[ACC-3] that cannot be read decides nothing: the change is refused, and says why', async () => {
    const caller = await callerOf(cyd, made.contoso, 'contoso')
    await known(made.contoso, 'contoso', ada, ['ops'])
    await made.store.write(made.contoso, system, (tx) =>
      saveAssignment(tx, {
        id: AssignmentId.parse(v7()),
        name: 'Leads',
        role: RoleId.parse('siteLead'),
        members: [group('ops')],
        scope: 'all',
      }),
    )
    const id = await proManagers()
    down = true
    expect(await codeOf(give(save(id, 'Pro Managers', 'proManager', [group('ops')]), caller))).toBe('directory.unavailable')
    expect(await codeOf(give(save(id, 'Pro Managers', 'proManager', [person(bela)]), caller))).toBe('directory.unavailable')
    expect(await membersOf(id)).toEqual([person(cyd)])
    // Who is known here is still named, and who is named by name stays.
    expect(await codeOf(give(save(id, 'Pro Managers', 'proManager', [person(cyd), person(ada), group('ops')]), caller))).toBe('applied')
  })

  it('[ACC-3] is read also where the first assignment of a new role takes the place of Pro Managers', async () => {
    const caller = await callerOf(cyd, made.contoso, 'contoso')
    const id = await proManagers()
    expect(await codeOf(give(save(AssignmentId.parse(v7()), 'Night', 'proManager', [group('ops')]), caller))).toBe('applied')
    await setMembers('ops', [])
    const first = { assignment: id, name: 'Watchers', description: '', notify: false, members: [person(cyd)], scope: 'all' as const }
    const watcher = { role: RoleId.parse(v7()), name: 'Watcher', description: '', permissions: ['rooms.view' as const] }
    const command = { type: 'role.save', ...watcher, first } satisfies PolicyCommand
    expect(await codeOf(give(command, caller))).toBe('assignment.lastProManager')
    expect(await proManagers()).toBe(id)
    expect(await membersOf(id)).toEqual([person(cyd)])
  })

  it('[ACC-6] does not come back by a token from before the directory was read', async () => {
    const caller = await callerOf(cyd, made.contoso, 'contoso')
    await setMembers('ops', [person(bela)])
    now += 10_000
    expect(await codeOf(give(save(AssignmentId.parse(v7()), 'Leads', 'siteLead', [group('ops')]), caller))).toBe('applied')
    const claims = {
      issuer: embeddedIssuerName,
      directory: 'contoso',
      objectId: ada.id,
      name: ada.name,
      email: ada.email,
      globalAdministrator: false,
      groups: ['elsewhere', 'ops'],
    }
    const groupsAfter = (issuedAt: number) =>
      made.store.write(made.contoso, system, async (tx) => (await savePerson(tx, { ...claims, issuedAt })).groups)
    expect(await groupsAfter(now - 5_000)).toBe('["elsewhere"]')
    // The newer word counts, whichever it is.
    expect(await groupsAfter(now + 5_000)).toBe('["elsewhere","ops"]')
  })

  it('[ACC-5] is asked about for a policy file too: nobody unknown comes by it', async () => {
    const caller = await callerOf(cyd, made.contoso, 'contoso')
    const file = (id: string, kind = 'person') =>
      `roomkeeper: policy\nversion: 1\nroles: []\ngroups: []\npartners: []\nassignments:\n  - name: Pro Managers\n    role: proManager\n    scope: all\n    members:\n      - { kind: ${kind}, id: ${id} }\n`
    expect(await codeOf(give({ type: 'policy.import', yaml: file(v7()) }, caller))).toBe('policy.fileInvalid')
    await setMembers('ops', [])
    expect(await codeOf(give({ type: 'policy.import', yaml: file('ops', 'group') }, caller))).toBe('assignment.lastProManager')
    down = true
    expect(await codeOf(give({ type: 'policy.import', yaml: file(bela.id) }, caller))).toBe('directory.unavailable')
    down = false
    expect(await codeOf(give({ type: 'policy.import', yaml: file(bela.id) }, caller))).toBe('applied')
  })
})

describe('a policy file', () => {
  it('[ACC-3] is judged by who is in a group now, also where another assignment names the group already', async () => {
    const caller = await callerOf(cyd, made.contoso, 'contoso')
    await known(made.contoso, 'contoso', ada, ['ops'])
    expect(await codeOf(give(save(AssignmentId.parse(v7()), 'Leads', 'siteLead', [group('ops')]), caller))).toBe('applied')
    await setMembers('ops', [])
    const one = (name: string, role: string) =>
      `  - name: ${name}\n    role: ${role}\n    scope: all\n    members:\n      - { kind: group, id: ops }\n`
    const yaml = `roomkeeper: policy\nversion: 1\nroles: []\ngroups: []\npartners: []\nassignments:\n${one('Pro Managers', 'proManager')}${one('Leads', 'siteLead')}`
    expect(await codeOf(give({ type: 'policy.import', yaml }, caller))).toBe('assignment.lastProManager')
  })
})

describe('the preview of a policy file', () => {
  it.each([
    ['an assignment', 'siteTech', ''],
    ['the rooms of a group', 'siteLead', 'New '],
  ])('[ACC-7] says of %s who is in the security group now', async (_what, role, building) => {
    const caller = await callerOf(cyd, made.contoso, 'contoso')
    const all = GroupId.parse(v7())
    const rule = (value: string) => ({ match: 'all' as const, conditions: [{ field: 'building' as const, is: 'equal' as const, value }] })
    const named = { group: all, name: 'London', description: '', rooms: [], rule: rule('London') }
    const london = { type: 'group.save', ...named } satisfies PolicyCommand
    expect(await codeOf(give(london, caller))).toBe('applied')
    const over = { rooms: [], groups: [all] }
    expect(await codeOf(give(save(AssignmentId.parse(v7()), 'Leads', 'siteLead', [group('ops')], over), caller))).toBe('applied')
    await setMembers('ops', [])
    const one = (name: string, given: string, scope: string, kind: string, id: string) =>
      `  - name: ${name}\n    role: ${given}\n    scope: ${scope}\n    members:\n      - { kind: ${kind}, id: ${id} }\n`
    const equal = `{ match: all, conditions: [{ field: building, is: equal, value: ${building}London }] }`
    const groups = `groups:\n  - name: London\n    rooms: []\n    rule: ${equal}\n`
    const leads = one('Leads', role, '{ rooms: [], groups: [London] }', 'group', 'ops')
    const managers = one('Pro Managers', 'proManager', 'all', 'person', cyd.id)
    const yaml = `roomkeeper: policy\nversion: 1\nroles: []\n${groups}partners: []\nassignments:\n${managers}${leads}`
    const expected = { gain: { people: 0 }, lose: { people: 0 }, changes: [{ change: 'update' }] }
    expect(await preview(deps(), caller, { type: 'policy.import', yaml })).toMatchObject(expected)
    expect((await read().tables.person().selectAll().execute()).filter(({ groups: known }) => known.includes('ops'))).toEqual([])
  })
})

describe('a partner’s people', () => {
  let link: LinkId
  let admins: AssignmentId

  beforeEach(async () => {
    link = LinkId.parse(v7())
    admins = AssignmentId.parse(v7())
    await made.store.write(made.contoso, system, (tx) =>
      changePolicy(tx, 'system', async () => {
        const changeControl = { rooms: 'automatic', rings: 'automatic', incidents: 'automatic', roles: 'automatic' } as const
        const { tenant: _, ...row } = linkRow({
          id: link,
          tenant: tx.tenant,
          domain: 'fabrikam.example',
          status: 'active',
          partner: made.fabrikam,
          partnerName: 'Fabrikam',
          invitedAt: now,
          expiresAt: now,
          acceptedAt: now,
          changeControl,
          scope: 'all',
          remoteAccess: false,
          multiFactor: false,
        })
        await tx.insert.link(row).execute()
        await tx.insert
          .assignment({
            id: admins,
            link,
            role: RoleId.parse('primaryAdmin'),
            name: 'Assigned admins',
            description: '',
            notify: 0,
            builtIn: 1,
            members: JSON.stringify([person(finn)]),
            scope: JSON.stringify('all'),
          })
          .execute()
      }),
    )
    await known(made.contoso, 'fabrikam', finn, ['field'], link)
  })

  const control = (kind: 'automatic' | 'manual') =>
    made.store.write(made.contoso, system, (tx) =>
      tx.update
        .link()
        .where('id', '=', link)
        .set({ changeControl: JSON.stringify(Object.fromEntries(ChangeKind.options.map((one) => [one, kind]))) })
        .execute(),
    )
  const demand = () =>
    made.store.write(made.contoso, system, (tx) => tx.update.link().where('id', '=', link).set({ multiFactor: 1 }).execute())
  const asker = () => callerOf(finn, made.fabrikam, 'fabrikam', made.contoso)

  it('[ACC-8] keep what they hold through another group when an assignment is saved: nothing of theirs ends', async () => {
    await made.store.writeService((db) =>
      db
        .insertInto('directoryGroup')
        .values({ id: 'night', directory: 'fabrikam', name: 'Night shift', description: '', members: JSON.stringify([person(finn)]) })
        .execute(),
    )
    const caller = await asker()
    const scope: AssignmentScope = { rooms: [], groups: [] }
    await made.store.write(made.contoso, system, (tx) =>
      changePolicy(tx, 'system', () =>
        tx.insert
          .assignment({
            id: AssignmentId.parse(v7()),
            link,
            role: RoleId.parse('primaryAdmin'),
            name: 'Field',
            description: '',
            notify: 0,
            builtIn: 0,
            members: JSON.stringify([group('field')]),
            scope: JSON.stringify(scope),
          })
          .execute(),
      ),
    )
    await known(made.contoso, 'fabrikam', finn, ['field'], link)
    const before = (await read().get('me', caller.person))?.access.grants ?? []
    expect(await codeOf(give(save(admins, 'Assigned admins', 'primaryAdmin', [person(finn), group('night')]), caller))).toBe('applied')
    const after = (await read().get('me', caller.person))?.access.grants ?? []
    expect(after).toEqual(expect.arrayContaining(before))
  })

  it('[PAR-3] of a group that lost its people are no primary admins, also two steps from a stale one', async () => {
    const caller = await asker()
    await setMembers('field', [])
    expect(await codeOf(give(save(admins, 'Assigned admins', 'primaryAdmin', [group('field')]), caller))).toBe('partner.lastAdmin')
    expect(await membersOf(admins)).toEqual([person(finn)])
  })

  it("[PAR-4] save an assignment under the customer's hidden id as under a new one", async () => {
    const caller = await asker()
    for (const id of [await proManagers(), AssignmentId.parse(v7())]) {
      expect(await codeOf(give(save(id, `Own ${id}`, 'primaryAdmin', [person(finn)], 'all'), caller))).toBe('applied')
    }
    expect(await read().tables.assignment().select('id').where('link', '=', link).execute()).toHaveLength(3)
  })

  it.each(['automatic', 'manual'] as const)('[PAR-5] whom their directory does not know are refused, with %s approval', async (kind) => {
    await control(kind)
    const caller = await asker()
    const boss = await callerOf(cyd, made.contoso, 'contoso')
    // Nobody at all, somebody of the customer by either id, a group of the customer.
    const strangers: Member[] = [{ kind: 'person', id: v7() }, person(cyd), { kind: 'person', id: boss.person }, group('ops')]
    for (const stranger of strangers) {
      const key = CommandKey.parse(v7())
      const sent = codeOf(give(save(admins, 'Assigned admins', 'primaryAdmin', [stranger]), caller, { key }))
      if (kind === 'automatic') expect(await sent).toBe('assignment.invalid')
      else {
        await sent
        expect(await codeOf(give({ type: 'request.decide', request: RequestId.parse(key), approve: true }, boss))).toBe('applied')
        expect(await read().get('request', key)).toMatchObject({ status: 'failed', code: 'assignment.invalid' })
        // Sent again, it is refused with all that a direct refusal says.
        const again = give(save(admins, 'Assigned admins', 'primaryAdmin', [stranger]), caller, { key })
        await expect(again).rejects.toMatchObject({ code: 'assignment.invalid', details: { field: 'members' } })
      }
      expect(await membersOf(admins)).toEqual([person(finn)])
    }
    const ids = (await read().tables.person().select('objectId').where('link', '=', link).execute()).map(({ objectId }) => objectId)
    expect(ids).toEqual([finn.id])
  })

  it('[PAR-5] are not known here before the customer approves what names them', async () => {
    const gil = {
      id: '0000-gil',
      directory: 'fabrikam',
      kind: 'person' as const,
      email: 'gil@fabrikam.example',
      name: 'Gil Moss',
      password: null,
      globalAdministrator: 0,
    }
    await made.store.writeService((db) => db.insertInto('directoryAccount').values(gil).execute())
    await setMembers('field', [person(finn), person(gil)])
    await control('manual')
    const caller = await asker()
    const key = CommandKey.parse(v7())
    expect(await codeOf(give(save(admins, 'Assigned admins', 'primaryAdmin', [person(finn), group('field')]), caller, { key }))).toBe(
      'applied',
    )
    const people = async () => (await read().tables.person().select('id').where('link', '=', link).execute()).length
    expect(await people()).toBe(1)
    const boss = await callerOf(cyd, made.contoso, 'contoso')
    await give({ type: 'request.decide', request: RequestId.parse(key), approve: true }, boss)
    expect(await people()).toBe(2)
  })

  it('[PAR-5] are decided on by who sees the request: for anyone else no directory is asked, and it is like none', async () => {
    await control('manual')
    const caller = await asker()
    const key = CommandKey.parse(v7())
    await give(save(admins, 'Assigned admins', 'primaryAdmin', [person(finn), group('field')]), caller, { key })
    const boss = await callerOf(ada, made.contoso, 'contoso')
    const access = {
      globalAdministrator: false,
      grants: [{ assignment: AssignmentId.parse(v7()), role: RoleId.parse('some'), permissions: ['settings.modify' as const], scope: [] }],
    }
    down = true
    for (const request of [key, CommandKey.parse(v7())]) {
      expect(await codeOf(preparing({ ...boss, access }, RequestId.parse(request)))).toBe('applied')
    }
  })

  it("[PAR-5] are not told that somebody else's request has their key", async () => {
    const gil = {
      id: '0000-gil',
      directory: 'fabrikam',
      kind: 'person' as const,
      email: 'gil@fabrikam.example',
      name: 'Gil Moss',
      password: null,
      globalAdministrator: 0,
    }
    await made.store.writeService((db) => db.insertInto('directoryAccount').values(gil).execute())
    const first = await asker()
    expect(await codeOf(give(save(admins, 'Assigned admins', 'primaryAdmin', [person(finn), person(gil)]), first))).toBe('applied')
    const second = await callerOf(gil, made.fabrikam, 'fabrikam', made.contoso)
    await control('manual')
    const boss = await callerOf(cyd, made.contoso, 'contoso')
    const key = CommandKey.parse(v7())
    const commands = [first, second].map((caller) => ({
      caller,
      command: save(AssignmentId.parse(v7()), `Of ${caller.name}`, 'primaryAdmin', [person(finn)]),
    }))
    for (const { caller, command } of commands) {
      const outcome = await give(command, caller, { key })
      if (outcome.outcome !== 'requested') throw new Error(outcome.outcome)
      expect(outcome.request === RequestId.parse(key)).toBe(caller === first)
      await give({ type: 'request.decide', request: outcome.request, approve: true }, boss)
    }
    for (const { caller, command } of commands) expect(await give(command, caller, { key })).toMatchObject({ outcome: 'applied' })
  })

  it('[PAR-5] wait on while their directory is away, and are decided when it is back', async () => {
    await control('manual')
    const caller = await asker()
    const boss = await callerOf(cyd, made.contoso, 'contoso')
    const key = CommandKey.parse(v7())
    await give(save(admins, 'Assigned admins', 'primaryAdmin', [person(finn), group('field')]), caller, { key })
    down = true
    const decision = { type: 'request.decide', request: RequestId.parse(key), approve: true } as const
    expect(await codeOf(give(decision, boss))).toBe('directory.unavailable')
    expect(await read().get('request', key)).toMatchObject({ status: 'waiting' })
    down = false
    expect(await codeOf(give(decision, boss))).toBe('applied')
    expect(await membersOf(admins)).toEqual([person(finn), group('field')])
  })

  it('[PAR-7] need the second factor that the link asks for by the time of the decision', async () => {
    await control('manual')
    const boss = await callerOf(cyd, made.contoso, 'contoso')
    const outcomes: (string | undefined)[] = []
    const weak = await asker()
    const keys = [CommandKey.parse(v7()), CommandKey.parse(v7())]
    for (const [n, key] of keys.entries())
      await give(
        save(admins, 'Assigned admins', 'primaryAdmin', [person(finn), group('field')]),
        { ...weak, multiFactor: n === 1 },
        { key },
      )
    await demand()
    for (const key of keys) {
      await give({ type: 'request.decide', request: RequestId.parse(key), approve: true }, boss)
      const request = await read().get('request', key)
      outcomes.push(request?.code ?? request?.status)
    }
    expect(outcomes).toEqual(['partner.multiFactor', 'approved'])
  })
  it('[PAR-7, AUD-1] are refused for the second factor that the link asks for meanwhile, in the audit and when sent again', async () => {
    const weak = await asker()
    await demand()
    const key = CommandKey.parse(v7())
    const refused = async () => {
      const failed = await read().tables.audit().selectAll().where('resultStatus', '=', 'Failed').execute()
      return failed.filter(({ detail }) => detail.includes('partner.multiFactor'))
    }
    const command = save(admins, 'Assigned admins', 'primaryAdmin', [person(finn)])
    for (let again = 0; again < 2; again++) expect(await codeOf(give(command, weak, { key }))).toBe('partner.multiFactor')
    expect(await refused()).toHaveLength(1)
    const kept = await read().tables.commandOutcome().select('outcome').where('key', '=', key).executeTakeFirst()
    expect(kept?.outcome).toContain('partner.multiFactor')
  })
  it('[ACC-7, PAR-5] show whoever decides why what they asked for cannot be done any more, before and after', async () => {
    await control('manual')
    const boss = await callerOf(cyd, made.contoso, 'contoso')
    const caller = await asker()
    const key = CommandKey.parse(v7())
    await give(save(AssignmentId.parse(v7()), 'Second', 'primaryAdmin', [person(finn)]), caller, { key })
    const decision = { type: 'request.decide', request: RequestId.parse(key), approve: true } as const
    const shown = () => preview({ store: made.store, rooms: new Rooms(), directory, now: () => now }, boss, decision)
    expect(await shown()).not.toHaveProperty('fails')
    await demand()
    expect(await shown()).toMatchObject({ fails: { code: 'partner.multiFactor' }, people: [], changes: [] })
    await give(decision, boss)
    expect(await read().get('request', key)).toMatchObject({ status: 'failed', code: 'partner.multiFactor' })
  })
})
