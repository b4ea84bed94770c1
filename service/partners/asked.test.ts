import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import type { Command } from '../../contract/commands.ts'
import { AssignmentId, LinkId, PersonId, RoleId } from '../../contract/ids.ts'
import type { DirectoryPrincipal } from '../directory/directory.ts'
import { noDirectory } from '../directory/none.ts'
import type { Doer } from '../store/transaction.ts'
import { askDirectory } from './asked.ts'

const doer: Doer = { kind: 'person', id: PersonId.parse(v7()), name: 'Ada', userId: 'object-ada', userTenantId: 'directory' }
const link = LinkId.parse(v7())
const members = [{ kind: 'person' as const, id: 'object-ada' }]
const automatic = { rooms: 'automatic', rings: 'automatic', incidents: 'automatic', roles: 'automatic' } as const
const ask = (command: Command, directory = noDirectory) => askDirectory({ directory }, { doer }, command)

describe('a directory that cannot be reached', () => {
  it('keeps nobody from inviting', async () => {
    const invite = { type: 'partner.invite', link, domain: 'fabrikam.example', days: 7, changeControl: automatic, scope: 'all', remoteAccess: false, multiFactor: false, agreed: true } as const
    expect((await ask(invite)).domains).toEqual([])
  })

  it.each<Command>([{ type: 'invitation.accept', link, admins: members }, { type: 'invitation.deny', link }])('decides no invitation: %j', async (command) => {
    await expect(ask(command)).rejects.toMatchObject({ code: 'directory.unavailable' })
  })

  it('leaves members to what is known of them', async () => {
    expect(await ask({ type: 'tenantManagers.set', members })).toEqual({ domains: [], principals: undefined, people: new Map() })
  })
})

describe('a directory', () => {
  it('is asked for domains, members, and the people of groups among them', async () => {
    const group = { kind: 'group', id: 'operators', name: 'Operators', email: '' } as const
    const ada = { kind: 'person', id: 'object-ada', name: 'Ada', email: '' } as const
    const directory = { ...noDirectory, domainsOf: async () => ['Fabrikam.example'], principals: async () => [group, ada], membersOf: async () => ({ people: [ada], more: false }) }
    const asked = await ask({ type: 'invitation.accept', link, admins: [{ kind: 'group', id: 'operators' }, ...members] }, directory)
    expect(asked).toEqual({ domains: ['fabrikam.example'], principals: new Map<string, DirectoryPrincipal>([['operators', group], ['object-ada', ada]]), people: new Map([['operators', [ada]]]) })
  })

  it('is not asked by commands that do not depend on it', async () => {
    expect(await ask({ type: 'assignment.delete', assignment: AssignmentId.parse(v7()) })).toEqual(await ask({ type: 'role.delete', role: RoleId.parse('x') }))
  })
})
