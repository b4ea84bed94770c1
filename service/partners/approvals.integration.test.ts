import { v7 } from 'uuid'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ApprovalRequest, Receipt } from '../../contract/entities.ts'
import { SnapshotPage } from '../../contract/feed.ts'
import type { LinkId, RoomId } from '../../contract/ids.ts'
import { AssignmentList, Effect } from '../../contract/policyApi.ts'
import { until } from '../../contract/testing/wait.ts'
import { admin, automatic, invitation, World } from '../testing/partners/world.ts'
import { roomsOf } from '../testing/rooms.ts'

const boss = 'boss@contoso.example'
const partner = 'boss@fabrikam.example'
const asker = 'one@fabrikam.example'
const dayMs = 24 * 3_600_000
const control = { ...automatic, rings: 'manual', roles: 'manual' } as const

let world: World
let room: RoomId
let link: LinkId

beforeAll(async () => {
  world = await World.start({ requestsCheckedEveryMs: 20 })
})
afterAll(async () => {
  await world.close()
})

beforeEach(async () => {
  room = await world.room('contoso')
  const invite = invitation([room], { changeControl: control })
  link = invite.link
  expect((await world.command(boss, invite, now())).status).toBe(200)
  expect((await world.command(partner, { type: 'invitation.accept', link, admins: [admin(asker), admin(partner)] }, now())).status).toBe(
    200,
  )
})
afterEach(async () => {
  await world.command(boss, { type: 'partner.remove', link }, now())
})
/** Commands of people whose clock is the service's. */
const now = () => ({ issuedAt: Date.now() + passed })
let passed = 0
const pass = (ms: number): void => {
  world.pass(ms)
  passed += ms
}

const ring = (name = 'Staging') => ({ type: 'rooms.ring', rooms: [room], ring: name })
const ask = async (key = v7(), command: Record<string, unknown> = ring()) => {
  const answer = await world.command(asker, command, { customer: 'contoso', key, ...now() })
  expect(answer.body).toMatchObject({ outcome: 'requested', request: key })
  return key
}
const retry = (key: string) => world.command(asker, ring(), { customer: 'contoso', key, ...now() })
const decide = (request: string, approve: boolean, note?: string, email: Parameters<World['ask']>[0] = boss) =>
  world.command(email, { type: 'request.decide', request, approve, ...(note === undefined ? {} : { note }) }, now())

/** All documents of a kind that someone gets of Contoso. */
async function docs(kind: string, email: Parameters<World['ask']>[0] = boss): Promise<unknown[]> {
  const answer = await world.ask(email, '/v1/snapshot', undefined, email === boss ? undefined : 'contoso')
  return SnapshotPage.parse(answer.body).rows.flatMap((row) => (row.kind === kind && row.doc !== undefined ? [row.doc] : []))
}
const requestOf = async (key: string, email?: Parameters<World['ask']>[0]): Promise<ApprovalRequest | undefined> =>
  (await docs('request', email)).map((doc) => ApprovalRequest.parse(doc)).find(({ id }) => id === key)
const ringNow = async (): Promise<string | undefined> =>
  roomsOf(SnapshotPage.parse((await world.ask(boss, '/v1/snapshot')).body)).find(({ id }) => id === room)?.ring
const audit = async (): Promise<string> => JSON.stringify((await world.ask(boss, '/v1/audit?limit=200')).body)

describe('[PAR-5] an action that the customer wants to approve', () => {
  it('waits, and is seen by who decides and by who asked', async () => {
    const key = await ask()
    expect(await ringNow()).toBeUndefined()
    expect((await retry(key)).body).toMatchObject({ outcome: 'requested', request: key })
    const request = await requestOf(key)
    expect(request).toMatchObject({
      status: 'waiting',
      partner: 'fabrikam',
      kind: 'rings',
      command: 'rooms.ring',
      subjectCount: 1,
      text: 'Staging',
      by: { name: asker, organisation: 'fabrikam' },
    })
    expect(request?.subjects).toHaveLength(1)
    expect(await requestOf(key, asker)).toEqual(request)
    expect(await requestOf(key, partner)).toBeUndefined()
  })

  it('is applied as the partner’s when it is approved, with both names in the audit', async () => {
    const key = await ask()
    expect((await decide(key, true, 'Fine')).body).toMatchObject({ outcome: 'applied' })
    expect(await ringNow()).toBe('Staging')
    expect(await requestOf(key)).toMatchObject({ status: 'approved', note: 'Fine', decidedBy: { name: boss } })
    expect((await retry(key)).body).toMatchObject({ outcome: 'applied' })
    expect((await docs('receipt', asker)).map((doc) => Receipt.parse(doc).id)).toContain(key)
    const records = await audit()
    expect(records).toMatch(new RegExp(`"userId":"object-${asker}"[^}]*"detail":{[^}]*"approvedBy":"${boss}"`))
    expect((await decide(key, true)).code).toBe('request.undecided')
  })

  it('is not when it is rejected; who asked is told why', async () => {
    const key = await ask()
    expect((await decide(key, false, 'Not this week')).body).toMatchObject({ outcome: 'applied' })
    expect(await ringNow()).toBeUndefined()
    expect(await requestOf(key, asker)).toMatchObject({ status: 'rejected', note: 'Not this week' })
    expect(await retry(key)).toMatchObject({ code: 'request.rejected', body: { detail: 'Not this week' } })
  })

  it('expires', async () => {
    const key = await ask()
    pass(7 * dayMs)
    const found = await until('the request to expire', async () => {
      const request = await requestOf(key)
      return request?.status === 'expired' && request
    })
    expect(found.decidedBy).toBeUndefined()
    expect((await world.command(boss, { type: 'request.decide', request: key, approve: true }, now())).code).toBe('request.undecided')
    expect((await retry(key)).code).toBe('request.expired')
    expect(await ringNow()).toBeUndefined()
  })

  it('is taken back by who asked and nobody else', async () => {
    const key = await ask()
    const withdraw = (email: Parameters<World['ask']>[0]) =>
      world.command(email, { type: 'request.withdraw', request: key }, { customer: 'contoso', ...now() })
    expect((await withdraw(partner)).code).toBe('request.undecided')
    expect((await withdraw(asker)).status).toBe(200)
    expect((await retry(key)).code).toBe('request.withdrawn')
    expect((await decide(key, true)).code).toBe('request.undecided')
  })

  it('is the customer’s to decide, never the partner’s', async () => {
    const key = await ask()
    expect(
      (await world.command(asker, { type: 'request.decide', request: key, approve: true }, { customer: 'contoso', ...now() })).code,
    ).toBe('access.denied')
    expect((await decide(key, true, undefined, 'one@contoso.example')).code).toBe('access.denied')
    expect((await decide(key, true, undefined, 'boss@adatum.example')).code).toBe('request.undecided')
    expect((await decide(v7(), true)).code).toBe('request.undecided')
    expect((await requestOf(key))?.status).toBe('waiting')
  })

  it('[PAR-5] is decided and read by who holds what it takes over all that it touches, and does not exist for others', async () => {
    const other = await world.room('contoso')
    const decider = 'two@contoso.example'
    const [role, assignment] = [v7(), v7()]
    const become = async (permissions: string[], rooms: 'all' | RoomId[]) => {
      const first = {
        assignment,
        name: 'Deciders',
        description: '',
        notify: false,
        members: [admin(decider)],
        scope: rooms === 'all' ? rooms : { rooms, groups: [] },
      }
      expect(
        (await world.command(boss, { type: 'role.save', role, name: 'Deciders', description: '', permissions, first }, now())).status,
      ).toBe(200)
    }
    const reads = async (key: string) =>
      SnapshotPage.parse((await world.ask(decider, '/v1/snapshot')).body).rows.some((row) => row.kind === 'request' && row.id === key)
    const rings = await ask()
    const roles = await ask(v7(), { type: 'role.save', role: v7(), name: `R ${v7()}`, description: '', permissions: ['rooms.view'] })
    for (const [permissions, rooms] of [
      [['settings.view', 'settings.modify', 'rooms.view', 'roles.view'], [other]],
      [['settings.view', 'settings.modify'], 'all'],
      [['rooms.view', 'settings.view'], 'all'],
    ] as const) {
      await become([...permissions], rooms === 'all' ? rooms : [...rooms])
      for (const key of [rings, roles]) {
        const [hidden, ghost] = [await decide(key, true, undefined, decider), await decide(v7(), true, undefined, decider)]
        expect(hidden).toEqual(ghost)
        expect(await reads(key)).toBe(false)
      }
    }
    await become(['settings.view', 'settings.modify', 'rooms.view', 'roles.view'], [room, other])
    expect([await reads(rings), await reads(roles)]).toEqual([true, false])
    expect((await decide(roles, true, undefined, decider)).code).toBe('request.undecided')
    expect((await decide(rings, false, undefined, decider)).status).toBe(200)
    await become(['settings.modify', 'roles.view'], 'all')
    expect(await reads(roles)).toBe(true)
    expect((await decide(roles, false, undefined, decider)).status).toBe(200)
    expect((await world.command(boss, { type: 'role.delete', role }, now())).status).toBe(200)
  })

  it('is applied once when two decide at the same time', async () => {
    const key = await ask()
    const answers = await Promise.all([decide(key, true), decide(key, false)])
    expect(answers.map(({ code }) => code).sort()).toEqual(['request.undecided', undefined])
  })

  it('is refused at once where it is not theirs', async () => {
    const other = await world.room('contoso')
    expect(
      (await world.command(asker, { type: 'rooms.ring', rooms: [other], ring: 'Staging' }, { customer: 'contoso', ...now() })).code,
    ).toBe('room.notFound')
    expect((await world.command(asker, { type: 'rooms.unenrol', rooms: [room] }, { customer: 'contoso', ...now() })).code).toBe(
      'access.denied',
    )
    expect((await docs('request')).filter((doc) => ApprovalRequest.parse(doc).link === link)).toEqual([])
  })

  it('tells who asked no name that is not their own', async () => {
    const [role, assignment] = [v7(), v7()]
    const first = {
      assignment,
      name: 'Night watch',
      description: '',
      notify: false,
      members: [admin('one@contoso.example')],
      scope: { rooms: [room], groups: [] },
    }
    expect(
      (
        await world.command(
          boss,
          { type: 'role.save', role, name: 'Custodians', description: '', permissions: ['rooms.view'], first },
          now(),
        )
      ).status,
    ).toBe(200)
    const requests = [await ask(v7(), { type: 'role.delete', role }), await ask(v7(), { type: 'assignment.delete', assignment })]
    for (const request of requests) expect(JSON.stringify(await requestOf(request, asker))).not.toMatch(/Custodians|Night watch/)
    await world.command(boss, { type: 'role.delete', role }, now())
  })

  it('is decided by what who asked may do today', async () => {
    const key = await ask()
    const { items } = AssignmentList.parse((await world.ask(boss, `/v1/assignments?link=${link}`)).body)
    const assigned = items.find(({ builtIn }) => builtIn)
    if (!assigned) throw new Error('There is no assignment Assigned admins.')
    const { id: assignment, role, name, description, notify, members } = assigned
    const scope = { rooms: [await world.room('contoso')], groups: [] }
    const save = {
      type: 'assignment.save',
      assignment,
      role,
      name,
      description,
      notify,
      members: members.map(({ kind, id }) => ({ kind, id })),
      scope,
    }
    expect((await world.command(boss, save, now())).status).toBe(200)
    expect((await decide(key, true)).status).toBe(200)
    expect(await requestOf(key)).toMatchObject({ status: 'failed', code: 'room.notFound' })
    expect((await retry(key)).code).toBe('room.notFound')
    expect(await ringNow()).toBeUndefined()
  })

  it('is not done where it is no longer possible: nothing of it', async () => {
    const role = v7()
    const key = await ask(v7(), {
      type: 'role.save',
      role,
      name: 'Ring keepers',
      description: '',
      permissions: ['rings.view', 'rings.modify'],
    })
    const effect = Effect.parse(
      (await world.ask(boss, '/v1/commands/preview', { command: { type: 'request.decide', request: key, approve: true } })).body,
    )
    expect(effect.gain).toEqual({ people: 0, rooms: 0 })
    expect((await requestOf(key))?.status).toBe('waiting')
    const again = await ask(v7(), { type: 'role.save', role: v7(), name: 'Ring keepers', description: '', permissions: ['rings.view'] })
    expect((await decide(key, true)).status).toBe(200)
    expect((await requestOf(key))?.status).toBe('approved')
    // The name is taken since.
    expect((await decide(again, true)).body).toMatchObject({ outcome: 'applied' })
    expect(await requestOf(again, asker)).toMatchObject({ status: 'failed', code: 'role.invalid', decidedBy: { name: boss } })
    expect(await audit()).toContain('"decision":"failed"')
  })

  it('is withdrawn when the link ends', async () => {
    const key = await ask()
    expect((await world.command(boss, { type: 'partner.remove', link }, now())).status).toBe(200)
    expect((await requestOf(key))?.status).toBe('withdrawn')
    expect((await decide(key, true)).code).toBe('request.undecided')
    expect(await ringNow()).toBeUndefined()
  })

  it('is forgotten long after it was decided', async () => {
    const key = await ask()
    expect((await decide(key, false)).status).toBe(200)
    pass(36 * dayMs)
    expect((await requestOf(key))?.status).toBe('rejected')
    pass(2 * dayMs)
    await until('the request to be forgotten', async () => (await requestOf(key)) === undefined)
  })

  it('of another kind is applied at once', async () => {
    expect(
      (
        await world.command(
          boss,
          { type: 'partner.change', link, changeControl: { ...control, rings: 'automatic' }, remoteAccess: false, multiFactor: false },
          now(),
        )
      ).status,
    ).toBe(200)
    expect((await world.command(asker, ring(), { customer: 'contoso', ...now() })).body).toMatchObject({ outcome: 'applied' })
    expect(await ringNow()).toBe('Staging')
  })
})
