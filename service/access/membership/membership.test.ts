import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import type { PolicyCommand } from '../../../contract/commands.ts'
import { AssignmentId, GroupId, RoleId } from '../../../contract/ids.ts'
import { embeddedIssuerName } from '../../directory/accounts.ts'
import { system } from '../../ground/store/transaction.ts'
import { codeOf, DirectoryRig, group, person, save } from '../../testing/access/directoryRig.ts'
import { ada, bela, cyd } from '../../testing/directory/organisations.ts'
import { saveAssignment } from '../assignments.ts'
import { savePerson } from '../people.ts'
import { preview } from '../preview.ts'

const rig = new DirectoryRig()
const { deps, read, callerOf, give, setMembers, membersOf, proManagers, known } = rig

/** What a policy file with nothing but assignments begins with. */
const head = 'roomkeeper: policy\nversion: 1\nroles: []\ngroups: []\npartners: []\nassignments:\n'

describe('membership of a security group, where it decides', () => {
  it('[ACC-3] is the directory’s and not the one known before: a group that lost its people cannot be the last Pro Manager', async () => {
    const caller = await callerOf(cyd, rig.made.contoso, 'contoso')
    await known(rig.made.contoso, 'contoso', ada, ['ops'])
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
    const caller = await callerOf(cyd, rig.made.contoso, 'contoso')
    const id = await proManagers()
    expect(await codeOf(give(save(id, 'Pro Managers', 'proManager', [person(cyd), group('ops')]), caller))).toBe('applied')
    await setMembers('ops', [])
    expect(await codeOf(give(save(id, 'Pro Managers', 'proManager', [group('ops')]), caller))).toBe('assignment.lastProManager')
    expect(await membersOf(id)).toEqual([person(cyd), group('ops')])
    expect(JSON.stringify(await read().tables.audit().selectAll().execute())).not.toContain('administrators.keep')
  })

  it('[ACC-3] that cannot be read decides nothing: the change is refused, and says why', async () => {
    const caller = await callerOf(cyd, rig.made.contoso, 'contoso')
    await known(rig.made.contoso, 'contoso', ada, ['ops'])
    await rig.made.store.write(rig.made.contoso, system, (tx) =>
      saveAssignment(tx, {
        id: AssignmentId.parse(v7()),
        name: 'Leads',
        role: RoleId.parse('siteLead'),
        members: [group('ops')],
        scope: 'all',
      }),
    )
    const id = await proManagers()
    rig.down = true
    expect(await codeOf(give(save(id, 'Pro Managers', 'proManager', [group('ops')]), caller))).toBe('directory.unavailable')
    expect(await codeOf(give(save(id, 'Pro Managers', 'proManager', [person(bela)]), caller))).toBe('directory.unavailable')
    expect(await membersOf(id)).toEqual([person(cyd)])
    // Who is known here is still named, and who is named by name stays.
    expect(await codeOf(give(save(id, 'Pro Managers', 'proManager', [person(cyd), person(ada), group('ops')]), caller))).toBe('applied')
  })

  it('[ACC-3] is read also where the first assignment of a new role takes the place of Pro Managers', async () => {
    const caller = await callerOf(cyd, rig.made.contoso, 'contoso')
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
    const caller = await callerOf(cyd, rig.made.contoso, 'contoso')
    await setMembers('ops', [person(bela)])
    rig.now += 10_000
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
      rig.made.store.write(rig.made.contoso, system, async (tx) => (await savePerson(tx, { ...claims, issuedAt })).groups)
    expect(await groupsAfter(rig.now - 5_000)).toBe('["elsewhere"]')
    // The newer word counts, whichever it is.
    expect(await groupsAfter(rig.now + 5_000)).toBe('["elsewhere","ops"]')
  })

  it('[ACC-5] is asked about for a policy file too: nobody unknown comes by it', async () => {
    const caller = await callerOf(cyd, rig.made.contoso, 'contoso')
    const file = (id: string, kind = 'person') =>
      `${head}  - name: Pro Managers\n    role: proManager\n    scope: all\n    members:\n      - { kind: ${kind}, id: ${id} }\n`
    expect(await codeOf(give({ type: 'policy.import', yaml: file(v7()) }, caller))).toBe('policy.fileInvalid')
    await setMembers('ops', [])
    expect(await codeOf(give({ type: 'policy.import', yaml: file('ops', 'group') }, caller))).toBe('assignment.lastProManager')
    rig.down = true
    expect(await codeOf(give({ type: 'policy.import', yaml: file(bela.id) }, caller))).toBe('directory.unavailable')
    rig.down = false
    expect(await codeOf(give({ type: 'policy.import', yaml: file(bela.id) }, caller))).toBe('applied')
  })
})

describe('a policy file', () => {
  it('[ACC-3] is judged by who is in a group now, also where another assignment names the group already', async () => {
    const caller = await callerOf(cyd, rig.made.contoso, 'contoso')
    await known(rig.made.contoso, 'contoso', ada, ['ops'])
    expect(await codeOf(give(save(AssignmentId.parse(v7()), 'Leads', 'siteLead', [group('ops')]), caller))).toBe('applied')
    await setMembers('ops', [])
    const one = (name: string, role: string) =>
      `  - name: ${name}\n    role: ${role}\n    scope: all\n    members:\n      - { kind: group, id: ops }\n`
    const yaml = `${head}${one('Pro Managers', 'proManager')}${one('Leads', 'siteLead')}`
    expect(await codeOf(give({ type: 'policy.import', yaml }, caller))).toBe('assignment.lastProManager')
  })
})

describe('the preview of a policy file', () => {
  it.each([
    ['an assignment', 'siteTech', ''],
    ['the rooms of a group', 'siteLead', 'New '],
  ])('[ACC-7] says of %s who is in the security group now', async (_what, role, building) => {
    const caller = await callerOf(cyd, rig.made.contoso, 'contoso')
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
