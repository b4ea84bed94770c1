import { pino } from 'pino'
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Command, CommandRequest } from '../../../contract/commands.ts'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { AssignmentId, CommandKey, GroupId, RoleId, RoomId } from '../../../contract/ids.ts'
import { limits } from '../../../contract/limits.ts'
import type { Permission } from '../../../contract/permissions.ts'
import type { AssignmentScope } from '../../../contract/policy.ts'
import { systemAt, realSystem } from '../../../contract/testing/system.ts'
import { removeAssignment, saveAssignment } from '../../access/assignments.ts'
import { savePerson } from '../../access/people.ts'
import { preview } from '../../access/preview.ts'
import { callerWithin } from '../../access/service.ts'
import { embeddedIssuerName } from '../../directory/accounts.ts'
import { EmbeddedDirectory } from '../../directory/embedded.ts'
import { Rooms } from '../../incidents/rooms.ts'
import { commandDeps } from '../../testing/commands/deps.ts'
import { ada, bela, makeOrganisations, type Organisations } from '../../testing/directory/organisations.ts'
import { Refusals } from '../audit/refusals.ts'
import type { Caller } from '../caller.ts'
import { makeMetrics } from '../ops/metrics.ts'
import { system } from '../store/transaction.ts'
import { submit } from './submit.ts'

let made: Organisations
let refusals: Refusals
beforeEach(async () => {
  made = await makeOrganisations()
  refusals = new Refusals({ store: made.store, ...realSystem, log: pino({ level: 'silent' }) })
})
afterEach(async () => {
  await refusals.stop()
  await made.close()
})

/** Somebody of Contoso as a caller; with `role`, by an assignment of their own. */
async function callerOf({ id: objectId, name, email }: typeof ada, role?: string): Promise<{ caller: Caller; assignment: AssignmentId }> {
  const assignment = AssignmentId.parse(v7())
  const caller = await made.store.write(made.contoso, system, async (tx) => {
    if (role !== undefined)
      await saveAssignment(tx, {
        id: assignment,
        name: `${role} of ${name}`,
        role: RoleId.parse(role),
        members: [{ kind: 'person', id: objectId }],
        scope: 'all',
      })
    const { id } = await savePerson(tx, {
      issuer: embeddedIssuerName,
      directory: 'contoso',
      objectId,
      name,
      email,
      globalAdministrator: false,
      groups: [],
      issuedAt: 1_000,
    })
    return callerWithin(tx, id)
  })
  if (!caller) throw new Error('nobody')
  return { caller, assignment }
}

const given = () => ({
  store: made.store,
  rooms: new Rooms(),
  metrics: makeMetrics(),
  directory: new EmbeddedDirectory(made.store),
  refusals,
  ...realSystem,
})
const deps = (other: Partial<ReturnType<typeof given>> = {}) => commandDeps({ ...given(), ...other })
const requestOf = (command: Command, changes: Partial<CommandRequest> = {}): CommandRequest => ({
  key: CommandKey.parse(v7()),
  issuedAt: Date.now(),
  command,
  ...changes,
})
const group = (name: string): Command => ({
  type: 'group.save',
  group: GroupId.parse(v7()),
  name,
  description: '',
  rooms: [],
  rule: { match: 'all', conditions: [{ field: 'name', is: 'contains', value: 'Lab' }] },
})
const recordsOf = async () => made.store.read(made.contoso, 'wholeTenant').tables.audit().selectAll().orderBy('number').execute()

describe('a command that is sent again', () => {
  it('[CON-3] is answered as it was, ten times at once and later, by who took their own right with it', async () => {
    const { caller, assignment } = await callerOf(ada, 'proManager')
    const request = requestOf({ type: 'assignment.delete', assignment })
    const before = (await recordsOf()).length
    const answers = await Promise.all(Array.from({ length: 10 }, () => submit(deps(), caller, request)))
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(answers[0]).toMatchObject({ outcome: 'applied' })
    expect(await submit(deps(), caller, request)).toEqual(answers[0])
    expect((await recordsOf()).slice(before)).toHaveLength(1)
    await expect(submit(deps(), caller, requestOf(group('Labs')))).rejects.toMatchObject({ code: 'access.denied' })
  })

  it('[CON-3] is answered to who sent it and to nobody else, nor for another command under its key', async () => {
    const { caller, assignment } = await callerOf(ada, 'proManager')
    const { caller: other } = await callerOf(bela)
    const request = requestOf(group('Labs'))
    await submit(deps(), caller, request)
    await submit(deps(), caller, requestOf({ type: 'assignment.delete', assignment }))
    expect(await submit(deps(), caller, request)).toMatchObject({ outcome: 'applied' })
    await expect(submit(deps(), other, request)).rejects.toMatchObject({ code: 'access.denied' })
    await expect(submit(deps(), caller, requestOf(group('Other labs'), { key: request.key }))).rejects.toMatchObject({
      code: 'command.keyReused',
    })
    expect(await submit(deps(), caller, request)).toMatchObject({ outcome: 'applied' })
  })

  it('[CON-3] is applied for each of two people who happen to send the same key', async () => {
    const [first, second] = [await callerOf(ada, 'proManager'), await callerOf(bela, 'proManager')]
    const key = CommandKey.parse(v7())
    for (const [n, { caller }] of [first, second].entries()) {
      for (let again = 0; again < 2; again++)
        expect(
          await submit(
            deps(),
            caller,
            requestOf({ ...group(`Labs ${n}`), group: GroupId.parse(`00000000-0000-7000-8000-00000000000${n}`) } as Command, { key }),
          ),
        ).toMatchObject({ outcome: 'applied' })
    }
    expect(await made.store.read(made.contoso, 'wholeTenant').get('receipt', key)).toMatchObject({ person: first.caller.person })
  })

  it('[CON-3] is answered without its directory, and however old it is', async () => {
    const { caller } = await callerOf(ada, 'proManager')
    const members = [{ kind: 'person' as const, id: bela.id }]
    const request = requestOf({ type: 'tenantManagers.set', members })
    const applied = await submit(deps(), caller, request)
    const unreachable = Object.assign(new EmbeddedDirectory(made.store), { principals: () => Promise.reject(new Error('asked')) })
    expect(await submit(deps({ directory: unreachable }), caller, request)).toEqual(applied)
    expect(await submit(deps(), caller, { ...request, issuedAt: 1 })).toEqual(applied)
    await expect(submit(deps(), caller, requestOf(group('Labs'), { issuedAt: 1 }))).rejects.toMatchObject({ code: 'command.expired' })
  })

  it.each([-61, 0, 61])('[rule 11] from a clock that is %d days ahead counts by how long it waited', async (days) => {
    const { caller } = await callerOf(ada, 'proManager')
    const sentAt = Math.max(0, Date.now() + days * 86_400_000)
    const waitedMs = (ms: number) => requestOf(group(`Labs ${ms}`), { issuedAt: sentAt - ms, sentAt })
    expect(await submit(deps(), caller, waitedMs(60_000))).toMatchObject({ outcome: 'applied' })
    expect(await submit(deps(), caller, waitedMs(-60_000))).toMatchObject({ outcome: 'applied' })
    await expect(submit(deps(), caller, waitedMs(limits.commandMaxAgeMs + 60_000))).rejects.toMatchObject({
      code: 'command.expired',
      details: { detail: expect.stringContaining('The clock it comes from may be wrong') },
    })
  })

  it('[CON-3] is refused with the field and the words that it was refused with', async () => {
    const { caller } = await callerOf(ada, 'proManager')
    const request = requestOf({ type: 'tenantManagers.set', members: [{ kind: 'person', id: v7() }] })
    const refused = []
    for (let again = 0; again < 2; again++) refused.push(await submit(deps(), caller, request).catch((error: unknown) => error))
    expect(refused[0]).toMatchObject({ code: 'directory.notFound', details: { field: 'members' } })
    const details = refused[0] instanceof RoomkeeperError ? refused[0].details : {}
    expect(refused[1]).toMatchObject({ code: 'directory.notFound', details })
    const rooms = requestOf({ type: 'rooms.enrol', rooms: [RoomId.parse(v7())] })
    const notFound = { code: 'room.notFound', details: { params: { room: expect.any(String) } } }
    for (let again = 0; again < 2; again++) await expect(submit(deps(), caller, rooms)).rejects.toMatchObject(notFound)
  })

  it('[AUD-1] is refused as it was, also by who may by now, with one record', async () => {
    const { caller } = await callerOf(ada)
    const request = requestOf(group('Labs'))
    const before = (await recordsOf()).length
    const refused = await Promise.allSettled(Array.from({ length: 10 }, () => submit(deps(), caller, request)))
    for (const one of refused) expect(one).toMatchObject({ status: 'rejected', reason: { code: 'access.denied' } })
    const { caller: now } = await callerOf(ada, 'proManager')
    await expect(submit(deps(), now, request)).rejects.toMatchObject({ code: 'access.denied' })
    expect((await recordsOf()).slice(before).filter(({ resultStatus }) => resultStatus === 'Failed')).toHaveLength(1)
  })
})

describe('[rule 13] refusals of one person without end', () => {
  it('are stored under their keys up to a bound, and answered all the same beyond it', async () => {
    let now = Date.now()
    const counted = new Refusals({ store: made.store, ...systemAt(() => now), log: pino({ level: 'silent' }) })
    const { caller } = await callerOf(ada)
    for (let n = 1; n < limits.refusedOutcomes; n++) counted.mayStore(caller)
    const send = async (one = requestOf(group('Labs'))) => {
      await expect(submit({ ...deps(), refusals: counted }, caller, one)).rejects.toMatchObject({ code: 'access.denied' })
      return one
    }
    const { tables } = made.store.read(made.contoso, 'wholeTenant')
    const stored = async () => (await tables.commandOutcome().select('key').where('person', '=', caller.person).execute()).length
    const last = await send()
    const beyond = await send()
    await send(beyond)
    expect(await stored()).toBe(1)
    expect(counted.mayStore({ ...caller, person: (await callerOf(bela)).caller.person })).toBe(true)
    // What is there is answered from there; what is not is judged by what they may do now.
    const { caller: manager } = await callerOf(ada, 'proManager')
    await expect(submit({ ...deps(), refusals: counted }, manager, last)).rejects.toMatchObject({ code: 'access.denied' })
    expect(await submit({ ...deps(), refusals: counted }, manager, beyond)).toMatchObject({ outcome: 'applied' })
    now += limits.refusedOutcomeMs
    expect([counted.mayStore(caller), counted.mayStore(caller)]).toEqual([true, false])
    await counted.stop()
  })
})

describe('[ACC-6] a command of someone who loses their rights while it waits', () => {
  it('is refused: they count as they are in the write', async () => {
    const { store, contoso } = made
    const pair = {
      id: AssignmentId.parse(v7()),
      name: 'Second',
      role: RoleId.parse('proManager'),
      members: [{ kind: 'person' as const, id: ada.id }],
      scope: 'all' as const,
    }
    const caller = await store.write(contoso, system, async (tx) => {
      await saveAssignment(tx, pair)
      const { id } = await savePerson(tx, {
        issuer: embeddedIssuerName,
        directory: 'contoso',
        objectId: ada.id,
        name: ada.name,
        email: ada.email,
        globalAdministrator: false,
        groups: [],
        issuedAt: 1_000,
      })
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
    const members = [
      { kind: 'person' as const, id: bela.id },
      { kind: 'group' as const, id: 'ops' },
    ]
    const command = {
      type: 'assignment.save' as const,
      assignment: AssignmentId.parse(v7()),
      role,
      name: 'Mine',
      description: '',
      notify: false,
      members,
      scope,
    }
    const request: CommandRequest = { key: CommandKey.parse(v7()), issuedAt: Date.now(), command }
    await expect(submit(deps({ directory }), caller, request)).rejects.toMatchObject({ code: 'access.denied' })
    await expect(preview(deps({ directory: embedded }), caller, { type: 'role.delete', role: RoleId.parse('x') })).rejects.toMatchObject({
      code: 'access.denied',
    })
    const assignments = await store.read(contoso, 'wholeTenant').tables.assignment().select('name').execute()
    expect(assignments).toEqual([{ name: 'Pro Managers' }])
  })
})

describe('of somebody with some permissions', () => {
  /** A custom role of Ada's, over this. */
  const given = (name: string, permissions: Permission[], scope: AssignmentScope) =>
    made.store.write(made.contoso, system, async (tx) => {
      const id = RoleId.parse(name)
      await tx.insert.role({ id, link: null, name, description: '', permissions: JSON.stringify(permissions) }).execute()
      await saveAssignment(tx, { id: AssignmentId.parse(v7()), name, role: id, members: [{ kind: 'person', id: ada.id }], scope })
    })

  it('[ACC-7] a preview names who loses something in rooms where they see roles, and only counts the others', async () => {
    const [first, second, third] = [v7(), v7(), v7()].map((id) => RoomId.parse(id))
    if (!first || !second || !third) throw new Error('three rooms')
    const id = GroupId.parse(v7())
    await made.store.write(made.contoso, system, (tx) =>
      tx.insert.roomGroup({ id, name: 'G', description: '', rooms: JSON.stringify([first, second]), rule: null }).execute(),
    )
    await callerOf(bela)
    await made.store.write(made.contoso, system, (tx) =>
      saveAssignment(tx, {
        id: AssignmentId.parse(v7()),
        name: 'Techs',
        role: RoleId.parse('siteTech'),
        members: [{ kind: 'person', id: bela.id }],
        scope: { rooms: [], groups: [id] },
      }),
    )
    await given('keeper', ['groups.view', 'groups.modify', 'roles.modify'], 'all')
    await given('looker', ['roles.view'], { rooms: [third], groups: [] })
    const command = { type: 'group.save' as const, group: id, name: 'G', description: '', rooms: [first], rule: null }
    const shown = async () => preview(deps(), (await callerOf(ada)).caller, command)
    expect(await shown()).toMatchObject({ lose: { people: 1, rooms: 1 }, people: [] })
    await given('closer', ['roles.view'], { rooms: [second], groups: [] })
    expect(await shown()).toMatchObject({ lose: { people: 1, rooms: 1 }, people: [{ person: { name: bela.name }, roomsLost: 1 }] })
  })

  it('[PAR-2] who manages customers is said by who manages them, also when somebody is taken out', async () => {
    const { caller: boss } = await callerOf(ada, 'proManager')
    await submit(deps(), boss, requestOf({ type: 'tenantManagers.set', members: [{ kind: 'person', id: bela.id }] }))
    await made.store.write(made.contoso, system, async (tx) => {
      for (const { id, name } of await tx.tables.assignment().select(['id', 'name']).execute())
        if (name.startsWith('proManager of')) await removeAssignment(tx, id)
    })
    await given('settings', ['settings.modify'], 'all')
    const { caller } = await callerOf(ada)
    await expect(submit(deps(), caller, requestOf({ type: 'tenantManagers.set', members: [] }))).rejects.toMatchObject({
      code: 'policy.escalation',
    })
  })
})
