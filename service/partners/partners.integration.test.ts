import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { LinkId, RoomId } from '../../contract/ids.ts'
import { AssignmentList, AuditPage, CustomerList, PartnerList, tenantHeader } from '../../contract/policyApi.ts'
import { until } from '../../contract/testing/wait.ts'
import { AccessService } from '../access/service.ts'
import { TestConsole } from '../testing/feed/console.ts'
import { admin, automatic, invitation, objectIdOf, operators, World } from '../testing/partners/world.ts'

const boss = 'boss@contoso.example'
const partner = 'boss@fabrikam.example'
const helper = 'one@fabrikam.example'
const dayMs = 24 * 3_600_000

let world: World
let mine: RoomId
let others: RoomId

beforeAll(async () => {
  world = await World.start()
  mine = await world.room('contoso')
  others = await world.room('contoso')
})
afterAll(async () => {
  await world.close()
})

/** Invites Fabrikam to `mine` and accepts; the first admin is `helper`. */
async function linked(changes: Record<string, unknown> = {}): Promise<LinkId> {
  const invite = invitation([mine], changes)
  expect(await world.command(boss, invite)).toMatchObject({ status: 200 })
  expect(await world.command(partner, { type: 'invitation.accept', link: invite.link, admins: [admin(helper)] })).toMatchObject({
    status: 200,
  })
  return invite.link
}
const remove = async (link: LinkId) => expect(await world.command(boss, { type: 'partner.remove', link })).toMatchObject({ status: 200 })
const partners = async () => PartnerList.parse((await world.ask(boss, '/v1/partners')).body).items
const customers = async (email: Parameters<World['ask']>[0]) => CustomerList.parse((await world.ask(email, '/v1/customers')).body)

/** A console of the first admin's that follows Contoso. */
async function follow(): Promise<TestConsole> {
  const token = await world.token(helper)
  const console = new TestConsole(world.url, token)
  console.connect({ authorization: `Bearer ${token}`, [tenantHeader]: world.tenant('contoso') })
  await until('a word of the feed', () => console.heard.length > 0)
  return console
}

describe('[PAR-1, PAR-2] an invitation', () => {
  it.each([
    [{ domain: 'fabrikam' }, 'partner.domainInvalid'],
    [{ domain: '192.0.2.1' }, 'partner.domainInvalid'],
    [{ domain: 'https://fabrikam.example' }, 'partner.domainInvalid'],
    [{ domain: 'Contoso.TEST' }, 'partner.ownDomain'],
    [{ days: 0 }, 'request.invalid'],
    [{ days: 31 }, 'request.invalid'],
    [{ days: 1.5 }, 'request.invalid'],
    [{ days: 'seven' }, 'request.invalid'],
    [{ agreed: false }, 'request.invalid'],
    [{ agreed: undefined }, 'request.invalid'],
    [{ scope: { rooms: [], groups: [] } }, 'partner.noRooms'],
    [{ scope: { rooms: [v7()], groups: [] } }, 'room.notFound'],
    [{ scope: { rooms: [], groups: [v7()] } }, 'group.notFound'],
    [{ changeControl: { rooms: 'automatic' } }, 'request.invalid'],
  ])('with %j is refused: %s', async (changes, code) => {
    expect((await world.command(boss, invitation([mine], changes))).code).toBe(code)
    expect(await partners()).toEqual([])
  })

  it('is the customer’s to make, with settings.modify', async () => {
    expect((await world.command('one@contoso.example', invitation([mine]))).code).toBe('access.denied')
  })

  it('is seen by the invited organisation, and by those who manage its customers only', async () => {
    const invite = invitation([mine, others])
    expect((await world.command(boss, invite)).status).toBe(200)
    expect((await world.command(boss, invitation([mine]))).code).toBe('partner.linked')
    expect((await customers(partner)).items).toMatchObject([
      { link: invite.link, name: 'contoso', status: 'invited', roomsTotal: 2, mine: false },
    ])
    expect((await customers(helper)).items).toEqual([])
    expect((await customers('boss@northwind.example')).items).toEqual([])
    expect((await world.command(partner, { type: 'invitation.deny', link: invite.link })).status).toBe(200)
    expect(await partners()).toEqual([])
    expect((await world.command(partner, { type: 'invitation.accept', link: invite.link, admins: [admin(helper)] })).code).toBe(
      'partner.notFound',
    )
  })

  it('of another organisation looks like none', async () => {
    const invite = invitation([mine])
    await world.command(boss, invite)
    const admins = [admin('one@northwind.example')]
    const refused = await world.command('boss@northwind.example', { type: 'invitation.accept', link: invite.link, admins })
    const none = await world.command('boss@northwind.example', { type: 'invitation.accept', link: v7(), admins })
    expect(refused.code).toBe('partner.notFound')
    expect(refused.body).toEqual(none.body)
    expect((await world.command('boss@northwind.example', { type: 'invitation.deny', link: invite.link })).code).toBe('partner.notFound')
    expect((await world.command(helper, { type: 'invitation.accept', link: invite.link, admins: [admin(helper)] })).code).toBe(
      'access.denied',
    )
    await remove(invite.link)
  })

  it('needs admins of the partner’s own directory', async () => {
    const invite = invitation([mine])
    await world.command(boss, invite)
    const accept = (admins: unknown) => world.command(partner, { type: 'invitation.accept', link: invite.link, admins })
    expect((await accept([])).code).toBe('request.invalid')
    expect((await accept([admin('one@contoso.example')])).code).toBe('directory.notFound')
    expect((await accept([{ kind: 'group', id: 'group-nobody' }])).code).toBe('directory.notFound')
    expect((await accept([{ kind: 'group', id: operators }])).status).toBe(200)
    expect((await customers('two@fabrikam.example')).items).toMatchObject([{ link: invite.link, mine: true, roomsTotal: 1 }])
    expect((await world.ask('two@fabrikam.example', '/v1/rooms', undefined, 'contoso')).status).toBe(200)
    await remove(invite.link)
  })

  it('is accepted by the first of two, once', async () => {
    const invite = invitation([mine])
    await world.command(boss, invite)
    await world.command('boss@fabrikam.example', { type: 'tenantManagers.set', members: [admin('two@fabrikam.example')] })
    expect((await customers(partner)).tenantManagers).toMatchObject([{ id: 'object-two@fabrikam.example', known: true }])
    expect(AssignmentList.parse((await world.ask(partner, '/v1/assignments')).body).items.map(({ role }) => role)).toEqual(['proManager'])
    const accept = { type: 'invitation.accept', link: invite.link, admins: [admin(helper)] }
    const answers = await Promise.all([world.command(partner, accept), world.command('two@fabrikam.example', accept)])
    expect(answers.map(({ code }) => code).sort()).toEqual(['partner.accepted', undefined])
    expect((await world.command(partner, accept)).code).toBe('partner.accepted')
    await world.command('boss@fabrikam.example', { type: 'tenantManagers.set', members: [] })
    expect((await customers('two@fabrikam.example')).mayManage).toBe(false)
    await remove(invite.link)
  })
})

describe('[PAR-3, PAR-4, PAR-6, PAR-7] a partner', () => {
  it('acts on its rooms in the customer’s tenant, and sees nothing else', async () => {
    const link = await linked()
    const [view] = await partners()
    expect(view).toMatchObject({ id: link, status: 'active', partnerName: 'fabrikam', roomsTotal: 1, admins: 1, expired: false })
    const rooms = await world.ask(helper, '/v1/rooms', undefined, 'contoso')
    expect(JSON.stringify(rooms.body)).toContain(mine)
    expect(JSON.stringify(rooms.body)).not.toContain(others)
    expect(
      (await world.command(helper, { type: 'rooms.ring', rooms: [mine], ring: 'Staging' }, { customer: 'contoso' })).body,
    ).toMatchObject({ outcome: 'applied' })
    expect((await world.command(helper, { type: 'rooms.ring', rooms: [others], ring: 'Staging' }, { customer: 'contoso' })).code).toBe(
      'room.notFound',
    )
    for (const path of ['/v1/customers', '/v1/audit'])
      expect((await world.ask(helper, path, undefined, 'contoso')).code).toBe('access.denied')
    // Who is no member of Assigned admins has nothing there, and a stranger gets the same answer.
    for (const email of [partner, 'boss@northwind.example'] as const)
      expect((await world.ask(email, '/v1/rooms', undefined, 'contoso')).code).toBe('access.denied')
    const seen = PartnerList.parse((await world.ask(helper, '/v1/partners', undefined, 'contoso')).body).items
    expect(seen.map(({ id }) => id)).toEqual([link])
    await remove(link)
  })

  it('gets more rooms by the scope of Assigned admins', async () => {
    const link = await linked()
    const { items } = AssignmentList.parse((await world.ask(boss, `/v1/assignments?link=${link}`)).body)
    const assigned = items.find(({ builtIn }) => builtIn)
    if (!assigned) throw new Error('There is no assignment Assigned admins.')
    expect(assigned.name).toBe('Assigned admins')
    const { id: assignment, role, name, description, notify, members } = assigned
    const save = {
      type: 'assignment.save',
      assignment,
      role,
      name,
      description,
      notify,
      members: members.map(({ kind, id }) => ({ kind, id })),
      scope: { rooms: [mine, others], groups: [] },
    }
    expect((await world.command(boss, save)).status).toBe(200)
    expect(JSON.stringify((await world.ask(helper, '/v1/rooms', undefined, 'contoso')).body)).toContain(others)
    expect((await partners())[0]).toMatchObject({ roomsTotal: 2, scope: { rooms: [mine, others] } })
    await remove(link)
  })

  it.each(['customer', 'partner'] as const)('loses everything at once when the %s ends the link', async (side) => {
    const link = await linked()
    const console = await follow()
    if (side === 'customer') await remove(link)
    else expect((await world.command(partner, { type: 'customer.leave', link })).status).toBe(200)
    await until('the feed to end', () => console.closed)
    expect((await world.ask(helper, '/v1/rooms', undefined, 'contoso')).code).toBe('access.denied')
    expect((await customers(helper)).items).toEqual([])
    expect((await customers(partner)).items).toEqual([])
    expect(await partners()).toEqual([])
    expect((await world.command(partner, { type: 'customer.leave', link })).code).toBe('partner.notFound')
    expect((await world.command(boss, { type: 'partner.remove', link })).code).toBe('partner.notFound')
  })

  it('may be invited again after it left, with other admins', async () => {
    await remove(await linked())
    const link = await linked()
    expect((await world.ask(helper, '/v1/rooms', undefined, 'contoso')).status).toBe(200)
    expect((await world.command(boss, invitation([mine], { domain: 'fabrikam.test' }))).status).toBe(200)
    const second = (await partners()).find(({ status }) => status === 'invited')
    expect((await world.command(partner, { type: 'invitation.accept', link: second?.id, admins: [admin(helper)] })).code).toBe(
      'partner.linked',
    )
    if (second) await remove(second.id)
    await remove(link)
  })

  it('needs more than a password where the customer says so', async () => {
    const link = await linked({ multiFactor: true })
    expect((await world.ask(helper, '/v1/rooms', undefined, 'contoso')).code).toBe('partner.multiFactor')
    expect(
      (await world.command(boss, { type: 'partner.change', link, changeControl: automatic, remoteAccess: false, multiFactor: false }))
        .status,
    ).toBe(200)
    expect((await world.ask(helper, '/v1/rooms', undefined, 'contoso')).status).toBe(200)
    const console = await follow()
    expect(
      (await world.command(boss, { type: 'partner.change', link, changeControl: automatic, remoteAccess: false, multiFactor: true }))
        .status,
    ).toBe(200)
    expect(await console.hears('error')).toMatchObject({ code: 'partner.multiFactor' })
    await remove(link)
  })

  it.each(['is let in', 'renews its token'])(
    '[PAR-7] follows no more where the customer comes to ask for that while its console %s',
    async (when) => {
      const link = await linked({})
      const demand = async () => {
        const change = { type: 'partner.change', link, changeControl: automatic, remoteAccess: false, multiFactor: true }
        expect((await world.command(boss, change)).status).toBe(200)
      }
      const renews = when === 'renews its token'
      const { authenticate: real } = AccessService.prototype
      let looked = 0
      const looks = vi.spyOn(AccessService.prototype, 'authenticate').mockImplementation(async function (this: AccessService, ...asked) {
        const caller = await real.apply(this, asked)
        if (caller.link === undefined) return caller
        looked += 1
        // Whoever renews was let in with a second factor, and comes with a token of a password alone.
        if (renews && looked === 1) return { ...caller, multiFactor: true }
        // The token is looked at; the customer is quicker than the answer.
        if (looked === (renews ? 2 : 1)) await demand()
        return caller
      })
      onTestFinished(() => looks.mockRestore())
      const console = await follow()
      if (renews) console.say({ type: 'renew', token: console.token })
      expect(await console.hears('error')).toMatchObject({ code: 'partner.multiFactor' })
      await until('its end', () => console.closed)
      await remove(link)
    },
  )

  it('[AUD-1] is in the audit where its people are not let in: at the customer without a second factor, else at home', async () => {
    const link = await linked({ multiFactor: true })
    const failed = async (email: Parameters<World['ask']>[0]) =>
      AuditPage.parse((await world.ask(email, '/v1/audit?limit=200&resultStatus=Failed&category=Access')).body).items
    const record = { category: 'Access', operation: 'Update', resultStatus: 'Failed', userTenantId: 'directory-fabrikam' }
    const [there, home] = [await failed(boss), await failed(partner)]
    // Consoles try again and again.
    for (let n = 0; n < 3; n += 1) expect((await world.ask(helper, '/v1/incidents', undefined, 'contoso')).code).toBe('partner.multiFactor')
    expect((await world.command(helper, { type: 'rooms.ring', rooms: [mine], ring: 'General' }, { customer: 'contoso' })).code).toBe(
      'partner.multiFactor',
    )
    const byHelper = {
      ...record,
      userId: objectIdOf(helper),
      user: helper,
      organisation: 'fabrikam',
      detail: { code: 'partner.multiFactor' },
    }
    expect((await failed(boss)).slice(0, -there.length || undefined)).toMatchObject([
      { ...byHelper, objectName: 'POST /v1/commands', operation: 'Create', detail: { code: 'partner.multiFactor', command: 'rooms.ring' } },
      { ...byHelper, objectName: 'GET /v1/incidents' },
    ])
    expect(await failed(partner)).toEqual(home)

    const stranger = 'two@fabrikam.example'
    for (const customer of ['contoso', 'northwind'] as const)
      expect((await world.ask(stranger, '/v1/incidents', undefined, customer)).code).toBe('access.denied')
    const [second, first] = await failed(partner)
    const byStranger = { ...record, objectName: 'GET /v1/incidents', userId: objectIdOf(stranger), user: stranger, organisation: null }
    expect([first, second]).toMatchObject(
      (['contoso', 'northwind'] as const).map((name) => ({ ...byStranger, detail: { code: 'access.denied', tenant: world.tenant(name) } })),
    )
    expect(await failed(boss)).toHaveLength(there.length + 2)
    await remove(link)
  })

  it('stands in the customer’s audit log, and in its own for its own acts', async () => {
    const link = await linked()
    await world.command(helper, { type: 'rooms.ring', rooms: [mine], ring: 'General' }, { customer: 'contoso' })
    await world.command(partner, { type: 'customer.leave', link })
    const there = JSON.stringify((await world.ask(boss, '/v1/audit?limit=200')).body)
    for (const action of ['partner.invite', 'invitation.accept', 'customer.leave'])
      expect(there).toContain(`"action":"${action}","link":"${link}"`)
    const own = JSON.stringify((await world.ask(partner, '/v1/audit?limit=200')).body)
    for (const action of ['invitation.accept', 'customer.leave']) expect(own).toContain(`"action":"${action}","link":"${link}"`)
    expect(own).not.toContain('"action":"partner.invite"')
  })
})

describe('someone with settings.modify over some rooms', () => {
  it('[rule 14] invites nobody, and sees of partners what reaches their rooms', async () => {
    const role = v7()
    const first = {
      assignment: v7(),
      name: 'Partners of one room',
      description: '',
      notify: false,
      members: [admin('one@contoso.example')],
      scope: { rooms: [mine], groups: [] },
    }
    expect(
      (
        await world.command(boss, {
          type: 'role.save',
          role,
          name: 'Inviters',
          description: '',
          permissions: ['settings.view', 'settings.modify'],
          first,
        })
      ).status,
    ).toBe(200)
    const invite = (rooms: string[] | 'all') =>
      world.command('one@contoso.example', invitation([], { scope: rooms === 'all' ? 'all' : { rooms, groups: [] } }))
    for (const refused of [invite([mine, others]), invite('all'), invite([mine]), invite([v7()])])
      expect((await refused).code).toBe('access.denied')
    expect(await partners()).toEqual([])
    expect((await world.command(boss, invitation([mine]))).status).toBe(200)
    const all = await world.command(boss, invitation([], { domain: 'northwind.example', scope: 'all', remoteAccess: true }))
    expect(all.status).toBe(200)
    // What they see of partners is cut to their rooms.
    const seen = PartnerList.parse((await world.ask('one@contoso.example', '/v1/partners')).body).items
    expect(seen.map(({ roomsTotal }) => roomsTotal)).toEqual([1, 1])
    expect(JSON.stringify(seen)).not.toContain(others)
    for (const { id } of await partners()) await remove(id)
    expect((await world.command(boss, { type: 'role.delete', role })).status).toBe(200)
  })
})

describe('[PAR-2] an invitation that expired', () => {
  it('cannot be accepted, and a new one takes its place', async () => {
    const invite = invitation([mine], { days: 1 })
    await world.command(boss, invite)
    world.pass(dayMs)
    expect((await partners())[0]).toMatchObject({ expired: true })
    expect((await customers(partner)).items).toMatchObject([{ status: 'expired' }])
    const issuedAt = Date.now() + dayMs
    expect(
      (await world.command(partner, { type: 'invitation.accept', link: invite.link, admins: [admin(helper)] }, { issuedAt })).code,
    ).toBe('partner.expired')
    const again = invitation([mine])
    expect((await world.command(boss, again, { issuedAt })).status).toBe(200)
    expect((await partners()).map(({ id }) => id)).toEqual([again.link])
    await remove(again.link)
  })
})
