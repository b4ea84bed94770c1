import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CommandRequest } from '../../contract/commands.ts'
import { AssignmentId, CommandKey, RoleId } from '../../contract/ids.ts'
import { removeAssignment, saveAssignment } from '../access/assignments.ts'
import { savePerson } from '../access/people.ts'
import { callerWithin } from '../access/service.ts'
import { EmbeddedDirectory } from '../directory/embedded.ts'
import { ada, bela, makeOrganisations, type Organisations } from '../directory/testing/organisations.ts'
import { embeddedIssuerName } from '../identity/directory.ts'
import { Rooms } from '../incidents/rooms.ts'
import { makeMetrics } from '../ops/metrics.ts'
import { system } from '../store/transaction.ts'
import { preview } from './preview.ts'
import { submit } from './submit.ts'

let made: Organisations
beforeEach(async () => {
  made = await makeOrganisations()
})
afterEach(() => made.close())

describe('a command of someone who loses their rights while it waits', () => {
  it('is refused: they count as they are in the write', async () => {
    const { store, contoso } = made
    const pair = { id: AssignmentId.parse(v7()), name: 'Second', role: RoleId.parse('proManager'), members: [{ kind: 'person' as const, id: ada.id }], scope: 'all' as const }
    const caller = await store.write(contoso, system, async (tx) => {
      await saveAssignment(tx, pair)
      const { id } = await savePerson(tx, { issuer: embeddedIssuerName, directory: 'contoso', objectId: ada.id, name: ada.name, email: ada.email, globalAdministrator: false, groups: [], issuedAt: 1_000 })
      return callerWithin(tx, id)
    })
    if (!caller) throw new Error('nobody')
    const embedded = new EmbeddedDirectory(store)
    // What happens to Ada while her directory is asked.
    const directory = Object.assign(embedded, {
      membersOf: async () => {
        await store.write(contoso, system, (tx) => removeAssignment(tx, pair.id))
        return { people: [], more: false }
      },
    })
    const { role, scope } = pair
    const members = [{ kind: 'person' as const, id: bela.id }, { kind: 'group' as const, id: 'ops' }]
    const command = { type: 'assignment.save' as const, assignment: AssignmentId.parse(v7()), role, name: 'Mine', description: '', notify: false, members, scope }
    const request: CommandRequest = { key: CommandKey.parse(v7()), issuedAt: Date.now(), command }
    await expect(submit({ store, rooms: new Rooms(), metrics: makeMetrics(), directory }, caller, request)).rejects.toMatchObject({ code: 'access.denied' })
    await expect(preview({ store, rooms: new Rooms(), directory: embedded }, caller, { type: 'role.delete', role: RoleId.parse('x') })).rejects.toMatchObject({ code: 'access.denied' })
    const assignments = await store.read(contoso, 'wholeTenant').tables.assignment().select('name').execute()
    expect(assignments).toEqual([{ name: 'Pro Managers' }])
  })
})
