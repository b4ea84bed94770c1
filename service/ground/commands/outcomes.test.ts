import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import type { Command } from '../../../contract/commands.ts'
import { AssignmentId, CommandKey, RoleId } from '../../../contract/ids.ts'
import { saveAssignment } from '../../access/assignments.ts'
import {
  admins,
  group,
  grouped,
  inside,
  link,
  ofLink,
  outside,
  over,
  person,
  role,
  saved,
  ScopeRig,
} from '../../testing/access/scopeRig.ts'
import { ada, bela, finn } from '../../testing/directory/organisations.ts'
import { system } from '../store/transaction.ts'

/** How a command ends: applied, with or without a record, asked for, or to be sent again. */

const rig = new ScopeRig()
const { callerOf, give, send, linked } = rig

describe('[PAR-5] what a partner’s person asks for', () => {
  const control = (kind: 'automatic' | 'manual') =>
    rig.made.store.write(rig.made.contoso, system, (tx) =>
      tx.update
        .link()
        .where('id', '=', link)
        .set({ changeControl: JSON.stringify({ rooms: kind, rings: kind, incidents: kind, roles: kind }) })
        .execute(),
    )

  it.each(
    [1, 2, 3].flatMap(
      (turn) =>
        [
          ['manual', 'automatic', turn],
          ['automatic', 'manual', turn],
        ] as const,
    ),
  )('is refused by nobody where %s approval becomes %s behind write %i of it', async (was, becomes, turn) => {
    await linked('all')
    const caller = await callerOf(finn, rig.made.fabrikam, 'fabrikam')
    await control(was)
    let writes = 0
    let changed: Promise<unknown> | undefined
    rig.atWrite = () => {
      writes += 1
      if (writes === turn) changed = control(becomes)
    }
    const command = { ...ofLink('all'), members: [person(finn), { kind: 'group' as const, id: 'field' }] }
    const { outcome } = await send(caller, command)
    await changed
    expect(['applied', 'requested']).toContain(outcome)
    const { members } = await rig.made.store
      .read(rig.made.contoso, 'wholeTenant')
      .tables.assignment()
      .select('members')
      .where('id', '=', admins)
      .executeTakeFirstOrThrow()
    expect(JSON.parse(members)).toEqual(outcome === 'applied' ? command.members : [person(finn)])
  })
})

describe('[AUD-1] a command that finds everything as it wants it', () => {
  it('is applied and leaves its receipt alone: no record, and nothing for screens to read again', async () => {
    await linked(over(inside, outside))
    const custom = RoleId.parse(v7())
    const assignment = saved(AssignmentId.parse(v7()), custom, { rooms: [inside, outside], groups: [group] })
    const members = [person(bela), person(ada)]
    const manual = { rooms: 'manual', rings: 'manual', incidents: 'manual', roles: 'manual' } as const
    const { type: _, role: __, ...first } = { ...assignment, members }
    const reversed = { members: members.toReversed(), scope: { rooms: [outside, inside], groups: [group, group] } }
    const [kept, other] = [role(custom, ['rooms.view', 'rooms.modify']), role(custom, ['rooms.modify', 'rooms.view'])]
    const twice = (command: Command): [Command, Command] => [command, command]
    const pairs: [Command, Command][] = [
      [kept, other],
      [
        { ...kept, first },
        { ...other, first: { ...first, ...reversed } },
      ],
      [
        { ...assignment, members },
        { ...assignment, ...reversed },
      ],
      [ofLink(over(outside, inside)), ofLink(over(inside, outside, inside))],
      [grouped([inside, outside]), grouped([outside, inside, outside])],
      [
        { type: 'tenantManagers.set', members },
        { type: 'tenantManagers.set', members: members.toReversed() },
      ],
      twice({ type: 'partner.change', link, changeControl: manual, remoteAccess: false, multiFactor: false }),
      twice({ type: 'settings.change', changes: { flapCount: 5 } }),
      twice({ type: 'rooms.licence', rooms: [inside, inside], licence: 'basic' }),
      twice({ type: 'rooms.ring', rooms: [inside, inside], ring: 'Executive' }),
    ]
    const read = rig.made.store.read(rig.made.contoso, 'wholeTenant')
    for (const [command, again] of pairs) {
      await give(rig.boss, command)
      const [seq, records] = [await read.lastSeq(), (await read.tables.audit().select('number').execute()).length]
      expect(await send(rig.boss, again)).toMatchObject({ outcome: 'applied' })
      const kinds = (await read.changesAfter(seq, 10)).map(({ kind }) => kind)
      expect([again.type, kinds, (await read.tables.audit().select('number').execute()).length]).toEqual([again.type, ['receipt'], records])
    }
  })
})

describe('[CON-3] somebody whose right came after the directory was to be asked', () => {
  it('is told to send it again, and not that the directory does not know whom they name', async () => {
    const before = await callerOf(ada)
    await rig.made.store.write(rig.made.contoso, system, (tx) =>
      saveAssignment(tx, {
        id: AssignmentId.parse(v7()),
        name: 'Second',
        role: RoleId.parse('proManager'),
        members: [person(ada)],
        scope: 'all',
      }),
    )
    const key = CommandKey.parse(v7())
    const command = saved(AssignmentId.parse(v7()), 'siteTech', over(inside))
    await expect(send(before, command, key)).rejects.toMatchObject({ code: 'directory.unavailable' })
    expect(await send(await callerOf(ada), command, key)).toMatchObject({ outcome: 'applied' })
  })
})
