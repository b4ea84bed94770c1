import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { admin, automatic, invitation, World } from '../../testing/partners/world.ts'

/** A partner's person sends a command again when their right, or the whole link, is gone: what they did is what they are told. */

const boss = 'boss@contoso.example'
const partner = 'boss@fabrikam.example'
const worker = 'one@fabrikam.example'

let world: World
beforeAll(async () => {
  world = await World.start()
})
afterAll(async () => world.close())

/** A link over one room with two primary admins. */
async function linked(changes: Record<string, unknown> = {}) {
  const room = await world.room('contoso')
  const invite = invitation([room], changes)
  expect((await world.command(boss, invite)).status).toBe(200)
  expect((await world.command(partner, { type: 'invitation.accept', link: invite.link, admins: [admin(partner)] })).status).toBe(200)
  const end = () => world.command(boss, { type: 'partner.remove', link: invite.link })
  return { room, link: invite.link, end }
}

const assignment = (room: string) => ({
  type: 'assignment.save',
  assignment: v7(),
  role: 'primaryAdmin',
  name: `A ${v7()}`,
  description: '',
  notify: false,
  members: [admin(worker)],
  scope: { rooms: [room], groups: [] },
})

describe('a partner’s command that is sent again', () => {
  it('[CON-3] is answered as it was when it took the last of their own rights, ten times at once and later', async () => {
    const { room, end } = await linked()
    const own = assignment(room)
    expect((await world.command(partner, own, { customer: 'contoso' })).status).toBe(200)
    const key = v7()
    const issuedAt = Date.now()
    const remove = () =>
      world.command(worker, { type: 'assignment.delete', assignment: own.assignment }, { customer: 'contoso', key, issuedAt })
    const answers = [...(await Promise.all(Array.from({ length: 10 }, remove))), await remove()]
    for (const { body } of answers) expect(body).toEqual(answers[0]?.body)
    expect(answers[0]?.body).toMatchObject({ outcome: 'applied' })
    // Nothing else: neither another command, nor this key with another, nor a read, nor a preview.
    const command = { type: 'rooms.ring', rooms: [room], ring: 'Staging' }
    expect((await world.command(worker, command, { customer: 'contoso' })).code).toBe('access.denied')
    expect((await world.command(worker, command, { customer: 'contoso', key, issuedAt })).code).toBe('access.denied')
    expect((await world.ask(worker, '/v1/rooms', undefined, 'contoso')).code).toBe('access.denied')
    expect((await world.ask(worker, '/v1/commands/preview', { command: own }, 'contoso')).code).toBe('access.denied')
    // Nor to anyone else, of this organisation or another.
    for (const email of ['two@fabrikam.example', 'boss@adatum.example'] as const) {
      expect(
        (await world.command(email, { type: 'assignment.delete', assignment: own.assignment }, { customer: 'contoso', key, issuedAt }))
          .code,
      ).toBe('access.denied')
    }
    await end()
  })

  it('[PAR-6] is answered as it was when the link has ended, in both tenants', async () => {
    const { room, link, end } = await linked()
    const ring = { type: 'rooms.ring', rooms: [room], ring: 'Staging' }
    const [key, left] = [v7(), v7()]
    const applied = await world.command(partner, ring, { customer: 'contoso', key })
    expect(applied.body).toMatchObject({ outcome: 'applied' })
    const leave = () => world.command(partner, { type: 'customer.leave', link }, { key: left })
    expect((await leave()).status).toBe(200)
    expect((await world.command(partner, ring, { customer: 'contoso', key })).body).toEqual(applied.body)
    expect((await world.command(partner, ring, { customer: 'contoso' })).code).toBe('access.denied')
    expect((await leave()).body).toMatchObject({ outcome: 'applied' })
    await end()
  })

  it('[PAR-5] is answered with what became of its request', async () => {
    const { room, end } = await linked({ changeControl: { ...automatic, rings: 'manual' } })
    const ring = { type: 'rooms.ring', rooms: [room], ring: 'Staging' }
    const key = v7()
    const again = () => world.command(partner, ring, { customer: 'contoso', key })
    expect((await again()).body).toMatchObject({ outcome: 'requested' })
    await end()
    expect((await again()).code).toBe('request.withdrawn')
  })

  it('[PAR-7] is not answered to a sign-in that the link does not take', async () => {
    const { room, link, end } = await linked()
    const key = v7()
    const ring = () => world.command(partner, { type: 'rooms.ring', rooms: [room], ring: 'Staging' }, { customer: 'contoso', key })
    expect((await ring()).status).toBe(200)
    await world.command(boss, { type: 'partner.change', link, changeControl: automatic, remoteAccess: false, multiFactor: true })
    expect((await ring()).code).toBe('partner.multiFactor')
    await end()
  })
})
