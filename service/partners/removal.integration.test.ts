import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MeAnswer, PeopleList } from '../../contract/api.ts'
import type { LinkId, RoomId } from '../../contract/ids.ts'
import { AssignmentList, tenantHeader, WhoCan } from '../../contract/policyApi.ts'
import { until } from '../../contract/testing/wait.ts'
import { TestConsole } from '../testing/feed/console.ts'
import { admin, invitation, objectIdOf, World } from '../testing/partners/world.ts'

const boss = 'boss@contoso.example'
const partner = 'boss@fabrikam.example'
const gone = 'one@fabrikam.example'

let world: World
let room: RoomId
let link: LinkId
/** Tokens of people who are removed below; they last for an hour. */
let tokens: { gone: string; lead: string; boss: string }

beforeAll(async () => {
  world = await World.start()
  room = await world.room('contoso')
  const invite = invitation([room])
  link = invite.link
  expect((await world.command(boss, invite)).status).toBe(200)
  expect((await world.command(partner, { type: 'invitation.accept', link, admins: [admin(gone)] })).status).toBe(200)
  const lead = {
    type: 'assignment.save',
    assignment: v7(),
    role: 'siteLead',
    name: 'Leads',
    description: '',
    notify: false,
    members: [admin('one@contoso.example')],
    scope: 'all',
  }
  expect((await world.command(boss, lead)).status).toBe(200)
  tokens = { gone: await world.token(gone), lead: await world.token('one@contoso.example'), boss: await world.token(boss) }
  expect((await world.askBy(tokens.gone, '/v1/me', undefined, 'contoso')).status).toBe(200)
  expect((await world.askBy(tokens.lead, '/v1/rooms')).status).toBe(200)
})
afterAll(async () => {
  await world.close()
})

const admins = async () => {
  const { items } = AssignmentList.parse((await world.ask(boss, `/v1/assignments?link=${link}`)).body)
  return items.find(({ builtIn }) => builtIn)
}
const whoCan = async (permission: string): Promise<string[]> =>
  WhoCan.parse((await world.ask(boss, `/v1/explain?permission=${permission}`)).body).people.map(({ person }) => person.email)
const records = async (): Promise<string> => JSON.stringify((await world.ask(boss, '/v1/audit?limit=200')).body)

/** A console that has all of it, and follows. */
async function following(token: string, customer?: 'contoso'): Promise<TestConsole> {
  const console = new TestConsole(world.url, token)
  console.connect({ authorization: `Bearer ${token}`, ...(customer ? { [tenantHeader]: world.tenant(customer) } : {}) })
  await console.hears('snapshot')
  return console
}

describe('a person who is removed from the directory', () => {
  it('[ACC-8] is let in nowhere from that moment, by a token that is still good; open consoles are purged and told why', async () => {
    const consoles = [await following(tokens.lead), await following(tokens.gone), await following(tokens.gone, 'contoso')]
    expect(await whoCan('rooms.view')).toEqual(expect.arrayContaining([gone, 'one@contoso.example']))
    await world.edit({ type: 'removePerson', email: 'one@contoso.example' })
    await world.edit({ type: 'removePerson', email: gone })
    for (const console of consoles) {
      expect(await console.hears('error')).toMatchObject({ code: 'auth.removed' })
      expect((await console.hears('scope')).rooms).toEqual({})
      await until('the socket to be closed', () => console.closed)
    }
    const command = { key: v7(), issuedAt: Date.now(), command: { type: 'rooms.ring', rooms: [room], ring: 'Staging' } }
    for (const path of ['/v1/me', '/v1/rooms', '/v1/snapshot', '/v1/customers']) {
      expect((await world.askBy(tokens.lead, path)).code).toBe('auth.removed')
      expect((await world.askBy(tokens.gone, path)).code).toBe('auth.removed')
    }
    expect((await world.askBy(tokens.gone, '/v1/rooms', undefined, 'contoso')).code).toBe('auth.removed')
    expect((await world.askBy(tokens.gone, '/v1/commands', command, 'contoso')).code).toBe('auth.removed')
    expect((await world.askBy(tokens.lead, '/v1/commands', command)).code).toBe('auth.removed')
    const again = new TestConsole(world.url, tokens.lead)
    again.connect()
    await until('the feed to refuse', () => again.closed)
    expect(again.status).toBe(403)
    await expect(world.token(gone)).rejects.toThrow('There is no account')
  })

  it('[ACC-7] is listed nowhere as someone who can, nor offered as an owner', async () => {
    const who = await whoCan('rooms.view')
    expect(who).toContain(boss)
    expect(who).not.toContain(gone)
    expect(who).not.toContain('one@contoso.example')
    const { items } = PeopleList.parse((await world.ask(boss, '/v1/people')).body)
    expect(items.map(({ email }) => email)).not.toContain('one@contoso.example')
  })

  it('[PAR-3] is followed as the last primary admin by the Pro Managers of the partner, as the system’s own doing', async () => {
    const assigned = await admins()
    expect(assigned?.members.map(({ id }) => id)).toEqual([objectIdOf(gone), objectIdOf(partner)])
    expect(assigned?.reaches.people).toBe(1)
    expect(await records()).toContain('administrators.keep')
    const me = MeAnswer.parse((await world.ask(partner, '/v1/me', undefined, 'contoso')).body)
    expect(me.access.grants.map(({ role }) => role)).toEqual(['primaryAdmin'])
    expect(MeAnswer.parse((await world.ask(partner, '/v1/me')).body).customers?.map(({ name }) => name)).toEqual(['contoso'])
  })

  it('[PAR-3] cannot be named again, nor counted as the one who stays', async () => {
    const assigned = await admins()
    if (!assigned) throw new Error('There is no assignment Assigned admins.')
    const { id: assignment, role, name, description, notify } = assigned
    const save = { type: 'assignment.save', assignment, role, name, description, notify, members: [admin(gone)], scope: assigned.scope }
    expect((await world.command(partner, save, { customer: 'contoso' })).code).toBe('partner.lastAdmin')
  })

  it('is not made anew by the claims of a token that was never used before', async () => {
    const token = await world.token('two@contoso.example')
    await world.edit({ type: 'removePerson', email: 'two@contoso.example' })
    expect((await world.askBy(token, '/v1/me')).code).toBe('auth.removed')
    expect((await world.askBy(token, '/v1/me')).code).toBe('auth.removed')
  })
})
