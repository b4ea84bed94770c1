import { v7 } from 'uuid'
import { beforeEach, describe, expect, it } from 'vitest'
import { ChangeKind } from '../../contract/entities.ts'
import { AssignmentId, CommandKey, LinkId, RequestId, RoleId } from '../../contract/ids.ts'
import type { AssignmentScope, Member } from '../../contract/policy.ts'
import { linkRow } from '../access/links.ts'
import { changePolicy } from '../access/policies.ts'
import { preview } from '../access/preview.ts'
import type { Caller } from '../ground/caller.ts'
import { readyFor } from '../ground/commands/submit.ts'
import { system } from '../ground/store/transaction.ts'
import { codeOf, DirectoryRig, group, person, save } from '../testing/access/directoryRig.ts'
import { ada, cyd, finn } from '../testing/directory/organisations.ts'

const rig = new DirectoryRig()
const { deps, read, callerOf, give, setMembers, membersOf, proManagers, known } = rig
const preparing = (caller: Caller, request: RequestId) => readyFor(deps(), caller, { type: 'request.decide', request, approve: true })

describe('a partner’s people', () => {
  let link: LinkId
  let admins: AssignmentId

  beforeEach(async () => {
    link = LinkId.parse(v7())
    admins = AssignmentId.parse(v7())
    await rig.made.store.write(rig.made.contoso, system, (tx) =>
      changePolicy(tx, 'system', async () => {
        const changeControl = { rooms: 'automatic', rings: 'automatic', incidents: 'automatic', roles: 'automatic' } as const
        const { tenant: _, ...row } = linkRow({
          id: link,
          tenant: tx.tenant,
          domain: 'fabrikam.example',
          status: 'active',
          partner: rig.made.fabrikam,
          partnerName: 'Fabrikam',
          invitedAt: rig.now,
          expiresAt: rig.now,
          acceptedAt: rig.now,
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
    await known(rig.made.contoso, 'fabrikam', finn, ['field'], link)
  })

  const control = (kind: 'automatic' | 'manual') =>
    rig.made.store.write(rig.made.contoso, system, (tx) =>
      tx.update
        .link()
        .where('id', '=', link)
        .set({ changeControl: JSON.stringify(Object.fromEntries(ChangeKind.options.map((one) => [one, kind]))) })
        .execute(),
    )
  const demand = () =>
    rig.made.store.write(rig.made.contoso, system, (tx) => tx.update.link().where('id', '=', link).set({ multiFactor: 1 }).execute())
  const asker = () => callerOf(finn, rig.made.fabrikam, 'fabrikam', rig.made.contoso)

  it('[ACC-8] keep what they hold through another group when an assignment is saved: nothing of theirs ends', async () => {
    await rig.made.store.writeService((db) =>
      db
        .insertInto('directoryGroup')
        .values({ id: 'night', directory: 'fabrikam', name: 'Night shift', description: '', members: JSON.stringify([person(finn)]) })
        .execute(),
    )
    const caller = await asker()
    const scope: AssignmentScope = { rooms: [], groups: [] }
    await rig.made.store.write(rig.made.contoso, system, (tx) =>
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
    await known(rig.made.contoso, 'fabrikam', finn, ['field'], link)
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
    const boss = await callerOf(cyd, rig.made.contoso, 'contoso')
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
    await rig.made.store.writeService((db) => db.insertInto('directoryAccount').values(gil).execute())
    await setMembers('field', [person(finn), person(gil)])
    await control('manual')
    const caller = await asker()
    const key = CommandKey.parse(v7())
    expect(await codeOf(give(save(admins, 'Assigned admins', 'primaryAdmin', [person(finn), group('field')]), caller, { key }))).toBe(
      'applied',
    )
    const people = async () => (await read().tables.person().select('id').where('link', '=', link).execute()).length
    expect(await people()).toBe(1)
    const boss = await callerOf(cyd, rig.made.contoso, 'contoso')
    await give({ type: 'request.decide', request: RequestId.parse(key), approve: true }, boss)
    expect(await people()).toBe(2)
  })

  it('[PAR-5] are decided on by who sees the request: for anyone else no directory is asked, and it is like none', async () => {
    await control('manual')
    const caller = await asker()
    const key = CommandKey.parse(v7())
    await give(save(admins, 'Assigned admins', 'primaryAdmin', [person(finn), group('field')]), caller, { key })
    const boss = await callerOf(ada, rig.made.contoso, 'contoso')
    const access = {
      globalAdministrator: false,
      grants: [{ assignment: AssignmentId.parse(v7()), role: RoleId.parse('some'), permissions: ['settings.modify' as const], scope: [] }],
    }
    rig.down = true
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
    await rig.made.store.writeService((db) => db.insertInto('directoryAccount').values(gil).execute())
    const first = await asker()
    expect(await codeOf(give(save(admins, 'Assigned admins', 'primaryAdmin', [person(finn), person(gil)]), first))).toBe('applied')
    const second = await callerOf(gil, rig.made.fabrikam, 'fabrikam', rig.made.contoso)
    await control('manual')
    const boss = await callerOf(cyd, rig.made.contoso, 'contoso')
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
    const boss = await callerOf(cyd, rig.made.contoso, 'contoso')
    const key = CommandKey.parse(v7())
    await give(save(admins, 'Assigned admins', 'primaryAdmin', [person(finn), group('field')]), caller, { key })
    rig.down = true
    const decision = { type: 'request.decide', request: RequestId.parse(key), approve: true } as const
    expect(await codeOf(give(decision, boss))).toBe('directory.unavailable')
    expect(await read().get('request', key)).toMatchObject({ status: 'waiting' })
    rig.down = false
    expect(await codeOf(give(decision, boss))).toBe('applied')
    expect(await membersOf(admins)).toEqual([person(finn), group('field')])
  })

  it('[PAR-7] need the second factor that the link asks for by the time of the decision', async () => {
    await control('manual')
    const boss = await callerOf(cyd, rig.made.contoso, 'contoso')
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
    const boss = await callerOf(cyd, rig.made.contoso, 'contoso')
    const caller = await asker()
    const key = CommandKey.parse(v7())
    await give(save(AssignmentId.parse(v7()), 'Second', 'primaryAdmin', [person(finn)]), caller, { key })
    const decision = { type: 'request.decide', request: RequestId.parse(key), approve: true } as const
    const shown = () => preview(rig.deps(), boss, decision)
    expect(await shown()).not.toHaveProperty('fails')
    await demand()
    expect(await shown()).toMatchObject({ fails: { code: 'partner.multiFactor' }, people: [], changes: [] })
    await give(decision, boss)
    expect(await read().get('request', key)).toMatchObject({ status: 'failed', code: 'partner.multiFactor' })
  })
})
