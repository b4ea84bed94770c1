import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AssignmentId, LinkId, PersonId, RoleId } from '../../contract/ids.ts'
import { systemAt } from '../../contract/testing/system.ts'
import { deleteAssignment } from '../access/assignmentCommands.ts'
import { deleteRole } from '../access/roleCommands.ts'
import type { DirectoryReader } from '../directory/directory.ts'
import { noDirectory } from '../directory/none.ts'
import type { Doer } from '../ground/store/transaction.ts'
import { ada, makeOrganisations, type Organisations } from '../testing/directory/organisations.ts'
import { accept, deny, setTenantManagers } from './invitations.ts'
import { invite } from './linkCommands.ts'

let made: Organisations
beforeAll(async () => {
  made = await makeOrganisations()
})
afterAll(() => made.close())

const doer: Doer = { kind: 'person', id: PersonId.parse(v7()), name: 'Ada', userId: ada.id, userTenantId: 'contoso' }
const link = LinkId.parse(v7())
const members = [{ kind: 'person' as const, id: ada.id }]
const automatic = { rooms: 'automatic', rings: 'automatic', incidents: 'automatic', roles: 'automatic' } as const
const asker = () => ({ doer, tenant: made.contoso, home: made.contoso })
const deps = (directory: DirectoryReader = noDirectory) => ({ directory, store: made.store, ...systemAt(() => 5) })

describe('a directory that cannot be reached', () => {
  it('keeps nobody from inviting', async () => {
    const invitation = {
      type: 'partner.invite',
      link,
      domain: 'fabrikam.example',
      days: 7,
      changeControl: automatic,
      scope: 'all',
      remoteAccess: false,
      multiFactor: false,
      agreed: true,
    } as const
    expect((await invite(deps()).ask(invitation, asker())).domains).toEqual([])
  })

  it('decides no invitation', async () => {
    const unavailable = { code: 'directory.unavailable' }
    await expect(accept(deps()).ask({ type: 'invitation.accept', link, admins: members }, asker())).rejects.toMatchObject(unavailable)
    await expect(deny(deps()).ask({ type: 'invitation.deny', link }, asker())).rejects.toMatchObject(unavailable)
  })

  it('says of members that it said nothing', async () => {
    const { members: asked } = await setTenantManagers(deps()).ask({ type: 'tenantManagers.set', members }, asker())
    expect(asked).toMatchObject({ home: made.contoso, reading: { answered: false, named: [], failed: { code: 'directory.unavailable' } } })
  })
})

describe('a directory', () => {
  it('is asked for domains, members, and the people of groups among them, on the side that names them', async () => {
    const group = { kind: 'group', id: 'operators', name: 'Operators', email: '' } as const
    const person = { kind: 'person', ...ada } as const
    const directory = {
      ...noDirectory,
      domainsOf: async () => ['Fabrikam.example'],
      principals: async () => [group, person],
      membersOf: async () => ({ people: [person], more: false }),
    }
    const admins = [{ kind: 'group' as const, id: 'operators' }, ...members]
    const asked = await accept(deps(directory)).ask({ type: 'invitation.accept', link, admins }, asker())
    expect(asked.domains).toEqual(['fabrikam.example'])
    expect(asked.members?.reading).toEqual({
      source: {
        link,
        issuer: 'embedded',
        directory: 'contoso',
        groups: new Set(['operators']),
        named: new Set([ada.id]),
        known: new Set(),
        whole: false,
      },
      at: 5,
      groups: new Map([['operators', { people: [person], whole: true, exists: true }]]),
      named: [group, person],
      answered: true,
      failed: undefined,
    })
  })

  it('is not asked by commands that do not depend on it', async () => {
    const one = await deleteAssignment(deps()).ask({ type: 'assignment.delete', assignment: AssignmentId.parse(v7()) }, asker())
    expect(one).toEqual(await deleteRole(deps()).ask({ type: 'role.delete', role: RoleId.parse('x') }, asker()))
    expect(one).toEqual({ domains: [] })
  })
})
