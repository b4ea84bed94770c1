import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SessionEnd, TicketAnswer } from '../../contract/remote.ts'
import { enrolmentOf, enrolRaw, newKey } from '../testing/agents/device.ts'
import { objectIdOf, World } from '../testing/partners/world.ts'
import { Refused, TestSide } from '../testing/relay/client.ts'
import { done, ephemeral, type Operator, relayWord, RemoteDevice, Rig, type Running, type Sides } from '../testing/remote/rig.ts'

const operator: Operator = { email: 'one@contoso.example' }
const auditor: Operator = { email: 'boss@contoso.example' }
const modify = ['rooms.view', 'remoteAccess.modify']

let world: World
let rig: Rig

beforeAll(async () => {
  world = await World.start()
  rig = new Rig(world)
  await rig.switchOn()
})
afterAll(() => world.close())

interface Scene extends Running {
  readonly sides: Sides
  readonly device: RemoteDevice
  readonly given: { readonly assignment: string; readonly role: string }
}

async function scene(): Promise<Scene> {
  const device = await RemoteDevice.make(world)
  const given = await rig.give(operator.email, modify, [device.room])
  const running = await rig.session(operator, device)
  return { ...running, sides: bothOf(running.sides), device, given }
}

/** The log has it, the audit has it once, both sides have heard of it, and the room is free. */
async function isOver(
  { session, device, sides }: Pick<Scene, 'session' | 'device'> & { sides: Sides | undefined },
  end: SessionEnd,
  { by = null, reachable = true }: { by?: string | null; reachable?: boolean } = {},
): Promise<void> {
  const record = await rig.ended(session)
  expect(record).toMatchObject({ end, refusal: null })
  expect(record.endedAt).toBeGreaterThanOrEqual(record.startedAt)
  if (reachable) expect(await device.over(session)).toBe(end)
  for (const side of [sides?.operator, sides?.device]) if (side) await side.whenClosed()
  const audited = await rig.audited(session)
  expect(
    audited.map(({ operation, resultStatus, user, detail }) => [operation, resultStatus, user, detail['action'], detail['reason']]),
  ).toEqual([
    ['Create', 'Successful', 'one@contoso.example', 'session.start', undefined],
    ['Update', 'Successful', by, 'session.end', end],
  ])
  expect(audited[1]?.detail).toMatchObject({
    room: device.room,
    device: device.device.enrolment.device,
    mode: 'modify',
    operator: { name: 'one@contoso.example' },
  })
  // Tickets of it are worth nothing any more.
  expect((await rig.ask(operator, `/v1/sessions/${session}/ticket`, {})).code).toBe('remote.ended')
}

describe('[REM-7] people end it', () => {
  it('its operator; and again: nothing more happens', async () => {
    const at = await scene()
    const answer = await done(rig.ask(operator, `/v1/sessions/${at.session}/end`, {}))
    expect(answer.body).toMatchObject({ id: at.session, end: 'operatorEnded' })
    expect((await done(rig.ask(operator, `/v1/sessions/${at.session}/end`, {}))).body).toEqual(answer.body)
    await isOver(at, 'operatorEnded', { by: 'one@contoso.example' })
    expect(await relayWord(at.sides.device, 'ended')).toMatchObject({ reason: 'withdrawn' })
  })

  it('its operator, without a body, and with what their end found wrong', async () => {
    const first = await scene()
    const bare = await fetch(`${world.url}/v1/sessions/${first.session}/end`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await world.token(operator.email)}` },
    })
    expect(bare.status).toBe(200)
    await isOver(first, 'operatorEnded', { by: 'one@contoso.example' })
    const second = await scene()
    expect((await rig.ask(operator, `/v1/sessions/${second.session}/end`, { reason: 'switchedOff' })).code).toBe('request.invalid')
    await done(rig.ask(operator, `/v1/sessions/${second.session}/end`, { reason: 'tampered' }))
    await isOver(second, 'tampered', { by: 'one@contoso.example' })
  })

  it('an auditor', async () => {
    const at = await scene()
    await done(rig.ask(auditor, `/v1/sessions/${at.session}/end`, { reason: 'tampered' }))
    await isOver(at, 'accessWithdrawn', { by: 'boss@contoso.example' })
  })

  it('its operator, by another one with the same room', async () => {
    const at = await scene()
    const next = await rig.session(operator, at.device)
    await isOver(at, 'replaced')
    expect(await rig.record(operator, next.session)).toMatchObject({ endedAt: null })
  })
})

describe('[REM-7] a side ends it', () => {
  it.each([
    ['restarted', 'restarted'],
    ['idle', 'idle'],
    ['tampered', 'tampered'],
    ['recordingFailed', 'recordingFailed'],
    ['accessWithdrawn', 'deviceEnded'],
    ['operatorEnded', 'deviceEnded'],
    ['nonsense', 'deviceEnded'],
  ])('the device says %s: %s', async (said, end) => {
    const at = await scene()
    at.device.device.say({ type: 'sessionEnded', session: at.session, reason: said })
    await isOver(at, SessionEnd.parse(end))
  })

  it('the operator, at the relay', async () => {
    const at = await scene()
    at.sides.operator.say({ type: 'end' })
    await isOver(at, 'operatorEnded')
  })

  it('the device, at the relay: and what it says of it counts', async () => {
    const silent = await scene()
    silent.sides.device.close(1000)
    await isOver(silent, 'deviceEnded')
    const speaking = await scene()
    speaking.sides.device.say({ type: 'end' })
    await speaking.sides.operator.whenClosed()
    speaking.device.device.say({ type: 'sessionEnded', session: speaking.session, reason: 'callStarted' })
    await isOver(speaking, 'callStarted')
  })

  it('one that breaks the rules of the relay', async () => {
    const at = await scene()
    at.sides.operator.socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff]))
    await isOver(at, 'protocol')
  })
})

describe('[REM-7] access goes', () => {
  const command = (what: Record<string, unknown>): Promise<unknown> => done(world.command('boss@contoso.example', what))

  it('the assignment', async () => {
    const at = await scene()
    await command({ type: 'assignment.delete', assignment: at.given.assignment })
    await isOver(at, 'accessWithdrawn')
  })

  it('the role, made smaller: to looking only', async () => {
    const at = await scene()
    await command({ type: 'role.save', role: at.given.role, name: v7(), description: '', permissions: ['rooms.view', 'remoteAccess.view'] })
    await isOver(at, 'accessWithdrawn')
  })

  it('the scope, and other people’s sessions go on', async () => {
    const at = await scene()
    const elsewhere = await scene()
    const members = [{ kind: 'person', id: objectIdOf('one@contoso.example') }]
    const other = await RemoteDevice.make(world)
    await command({
      type: 'assignment.save',
      assignment: at.given.assignment,
      role: at.given.role,
      name: v7(),
      description: '',
      notify: false,
      members,
      scope: { rooms: [other.room], groups: [] },
    })
    await isOver(at, 'accessWithdrawn')
    expect(await rig.record(operator, elsewhere.session)).toMatchObject({ endedAt: null })
  })

  it('the person, out of the assignment', async () => {
    const at = await scene()
    const members = [{ kind: 'person', id: objectIdOf('two@contoso.example') }]
    await command({
      type: 'assignment.save',
      assignment: at.given.assignment,
      role: at.given.role,
      name: v7(),
      description: '',
      notify: false,
      members,
      scope: { rooms: [at.device.room], groups: [] },
    })
    await isOver(at, 'accessWithdrawn')
  })

  it('the room, out of the group that it was given by', async () => {
    const device = await RemoteDevice.make(world)
    const other = await RemoteDevice.make(world)
    const given = await rig.give(operator.email, modify, [other.room])
    const group = v7()
    await command({ type: 'group.save', group, name: v7(), description: '', rooms: [device.room], rule: null })
    const members = [{ kind: 'person', id: objectIdOf('one@contoso.example') }]
    await command({
      type: 'assignment.save',
      assignment: given.assignment,
      role: given.role,
      name: v7(),
      description: '',
      notify: false,
      members,
      scope: { rooms: [], groups: [group] },
    })
    const at = { ...(await rig.session(operator, device)), device }
    await command({ type: 'group.save', group, name: v7(), description: '', rooms: [other.room], rule: null })
    await isOver(at, 'accessWithdrawn')
  })

  it('the switch: all sessions of this tenant, and no other', async () => {
    const here = [await scene(), await scene()]
    await rig.switchOn('adatum')
    const there = await RemoteDevice.make(world, { organisation: 'adatum' })
    await rig.give('two@adatum.example', modify, [there.room], { email: 'boss@adatum.example' })
    const elsewhere = await rig.session({ email: 'two@adatum.example' }, there)
    await rig.settings({ remoteAccess: false })
    for (const at of here) await isOver(at, 'switchedOff')
    await rig.switchOn()
    expect(await rig.record({ email: 'two@adatum.example' }, elsewhere.session)).toMatchObject({ endedAt: null })
  })

  it('the room, unenrolled: its device hears of the session before it is off-boarded', async () => {
    const at = await scene()
    await command({ type: 'rooms.unenrol', rooms: [at.device.room] })
    await isOver(at, 'unenrolled')
    const heard = at.device.device.heard.map(({ type }) => type)
    expect(heard.indexOf('sessionEnd')).toBeLessThan(heard.indexOf('offboard'))
    // What the device still has to say of it does not disturb its off-boarding.
    at.device.device.say({ type: 'sessionEnded', session: at.session, reason: 'deviceEnded' })
    at.device.device.say({ type: 'offboarded' })
    expect((await at.device.device.ends()).code).toBe(1000)
  })

  it('the device, replaced by one with another key', async () => {
    const at = await scene()
    const { status } = await enrolRaw(
      world.url,
      enrolmentOf(newKey(), { installation: at.device.installation }),
      'EnrolmentKey key-of-contoso-0123456789',
    )
    expect(status).toBe(200)
    await isOver(at, 'unenrolled', { reachable: false })
  })

  it('[REM-7] the person, removed from the directory: what runs ends, and nothing begins by a token that is still good', async () => {
    const two: Operator = { email: 'two@contoso.example' }
    const device = await RemoteDevice.make(world)
    await rig.give(two.email, modify, [device.room])
    const { session } = await rig.session(two, device)
    const token = await world.token(two.email)
    await world.edit({ type: 'removePerson', email: two.email })
    expect(await rig.ended(session)).toMatchObject({ end: 'accessWithdrawn' })
    expect(await device.over(session)).toBe('accessWithdrawn')
    const next = await world.askBy(token, '/v1/sessions', { session: v7(), room: device.room, mode: 'modify', key: ephemeral() })
    expect(next.code).toBe('auth.removed')
  })

  it('a call starts', async () => {
    const at = await scene()
    await at.device.call(true)
    await isOver(at, 'callStarted')
  })
})

describe('[REM-7] time ends it', () => {
  it('nobody comes to the relay; and what comes afterwards is not let in', async () => {
    const device = await RemoteDevice.make(world)
    await rig.give(operator.email, modify, [device.room])
    const running = await rig.session(operator, device, { joined: false })
    await device.beat()
    world.pass(31_000)
    await isOver({ ...running, device, sides: undefined }, 'neverJoined')
    const { session, answer } = rig.begin(operator, device.room)
    await device.agree(session)
    const { ticket } = TicketAnswer.parse((await done(answer)).body)
    await done(rig.ask(operator, `/v1/sessions/${session}/end`, {}))
    await expect(TestSide.ticket(world.url, ticket)).rejects.toThrow(new Refused(401, 'relay.ticketInvalid'))
  })

  it('a side drops and does not come back', async () => {
    for (const [side, end] of [
      ['operator', 'operatorLost'],
      ['device', 'deviceLost'],
    ] as const) {
      const at = await scene()
      await at.sides[side].drop()
      await relayWord(side === 'operator' ? at.sides.device : at.sides.operator, 'dropped')
      await at.device.beat()
      world.pass(31_000)
      await isOver(at, end)
    }
  })

  it('the agent of the device is silent, connected or not', async () => {
    const gone = await scene()
    gone.device.device.drop()
    await gone.device.device.ends()
    const mute = await scene()
    const beating = await scene()
    world.pass(61_000)
    await beating.device.beat()
    await isOver(gone, 'deviceLost', { reachable: false })
    await isOver(mute, 'deviceLost')
    expect(await rig.record(operator, beating.session)).toMatchObject({ endedAt: null })
  })

  it('it lasts too long', async () => {
    const at = await scene()
    world.pass(8 * 3_600_000 + 1_000)
    await isOver(at, 'maximum', { reachable: false })
  })
})

it('[REM-7] idle: nothing passes', async () => {
  const short = await World.start({ sessionIdleMs: 5_000 })
  try {
    const own = new Rig(short)
    await own.switchOn()
    const device = await RemoteDevice.make(short)
    await own.give(operator.email, modify, [device.room])
    const { session, sides } = await own.session(operator, device)
    expect(await relayWord(bothOf(sides).operator, 'ended')).toMatchObject({ reason: 'idle' })
    expect(await own.ended(session)).toMatchObject({ end: 'idle' })
    expect(await device.over(session)).toBe('idle')
  } finally {
    await short.close()
  }
})

function bothOf(sides: Sides | undefined): Sides {
  if (!sides) throw new Error('the sides have not come to the relay')
  return sides
}
