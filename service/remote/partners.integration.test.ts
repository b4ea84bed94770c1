import { decodeJwt } from 'jose'
import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { RoomId } from '../../contract/ids.ts'
import { SessionGrant } from '../../contract/remote.ts'
import { admin, automatic, invitation, World } from '../testing/partners/world.ts'
import { done, type Operator, RemoteDevice, Rig, type Running } from '../testing/remote/rig.ts'

const boss = 'boss@contoso.example'
const partner: Operator = { email: 'one@fabrikam.example', customer: 'contoso' }

let world: World
let rig: Rig
let device: RemoteDevice
let link: string

/** Invites the partner anew, over the one room, and lets its primary admin look and drive as far as the link allows. */
async function invite(remoteAccess: boolean): Promise<void> {
  const invited = invitation([RoomId.parse(device.room)], { remoteAccess })
  link = invited.link
  await done(world.command(boss, invited))
  await done(world.command('boss@fabrikam.example', { type: 'invitation.accept', link, admins: [admin('one@fabrikam.example')] }))
}

const change = (changes: { remoteAccess: boolean; multiFactor?: boolean }): Promise<unknown> =>
  done(world.command(boss, { type: 'partner.change', link, changeControl: automatic, multiFactor: false, ...changes }))

const giveRole = (): Promise<unknown> => rig.give('one@fabrikam.example', ['rooms.view', 'remoteAccess.modify'], [device.room], partner)

async function isWithdrawn({ session }: Pick<Running, 'session'>): Promise<void> {
  expect(await device.over(session)).toBe('accessWithdrawn')
  expect(await rig.ended(session)).toMatchObject({
    end: 'accessWithdrawn',
    operator: { name: 'one@fabrikam.example', organisation: 'fabrikam' },
  })
}

beforeAll(async () => {
  world = await World.start()
  rig = new Rig(world)
  await rig.switchOn()
  device = await RemoteDevice.make(world)
})
afterAll(() => world.close())

it('[REM-2] a partner without the customer’s leave cannot: nor give itself the right', async () => {
  await invite(false)
  await expect(giveRole()).rejects.toThrow('A partner cannot hold remoteAccess.modify here.')
  const { session, answer } = rig.begin(partner, device.room, 'view')
  expect((await answer).code).toBe('access.denied')
  expect(await rig.record({ email: boss }, session)).toMatchObject({
    refusal: 'access.denied',
    roomName: 'Lyon 1',
    operator: { organisation: 'fabrikam' },
  })
})

it('[REM-2, PAR-7] with it, can: audited on the customer’s side, with the partner’s name', async () => {
  await change({ remoteAccess: true })
  await giveRole()
  const { session, offer } = await rig.session(partner, device)
  expect(SessionGrant.parse(decodeJwt(offer.grant))).toMatchObject({
    tenant: world.tenant('contoso'),
    mode: 'modify',
    operator: { name: 'one@fabrikam.example', organisation: 'fabrikam' },
  })
  expect(await rig.record(partner, session)).toMatchObject({ operator: { organisation: 'fabrikam', email: 'one@fabrikam.example' } })
  expect(await rig.audited(session)).toMatchObject([
    { user: 'one@fabrikam.example', organisation: 'fabrikam', detail: { action: 'session.start' } },
  ])
  expect(await rig.audited(session, 'fabrikam')).toEqual([])
  // At home, they know nothing of it.
  expect((await rig.ask({ email: partner.email }, `/v1/sessions/${session}`)).code).toBe('remote.notFound')
  expect((await rig.ask({ email: partner.email }, `/v1/sessions/${session}/end`, {})).code).toBe('remote.notFound')
  // One of the customer's own people sees that it is occupied, and by whom.
  await rig.give('one@contoso.example', ['rooms.view', 'remoteAccess.view'], [device.room])
  expect((await rig.begin({ email: 'one@contoso.example' }, device.room, 'view').answer).body).toMatchObject({
    code: 'remote.occupied',
    params: { name: 'one@fabrikam.example' },
  })
  // And back: the leave goes, and with it the session.
  await change({ remoteAccess: false })
  await isWithdrawn({ session })
})

it('[PAR-7] the customer asks for more than a password: who has less is out', async () => {
  await change({ remoteAccess: true })
  const running = await rig.session(partner, device)
  await change({ remoteAccess: true, multiFactor: true })
  await isWithdrawn(running)
  await change({ remoteAccess: true })
})

it('[PAR-4] where one of the customer’s people is in the room, it is told that, and not who', async () => {
  await rig.give('one@contoso.example', ['rooms.view', 'remoteAccess.modify'], [device.room])
  const { session } = await rig.session({ email: 'one@contoso.example' }, device)
  const { code, body } = await rig.begin(partner, device.room, 'view').answer
  expect(code).toBe('remote.occupied')
  expect(JSON.stringify(body)).not.toContain('contoso')
  await rig.ask({ email: 'one@contoso.example' }, `/v1/sessions/${session}/end`, {})
})

it('[PAR-6, REM-7] the link ends', async () => {
  const running = await rig.session(partner, device)
  await done(world.command(boss, { type: 'partner.remove', link }))
  await isWithdrawn(running)
  expect((await rig.begin(partner, device.room).answer).code).toBe('access.denied')
})

it('[PAR-4] a room outside of the link does not exist, whatever the role says', async () => {
  await invite(true)
  await giveRole()
  const outside = await RemoteDevice.make(world, { name: 'Zugspitze' })
  const answers = [outside.room, v7()].map((room) => rig.begin(partner, room).answer)
  for (const answer of await Promise.all(answers)) expect(answer.code).toBe('room.notFound')
})
