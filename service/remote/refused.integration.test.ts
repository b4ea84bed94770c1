import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ErrorCode, Problem } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { AuditPage } from '../../contract/policyApi.ts'
import { SessionAnswer } from '../../contract/remote.ts'
import { readGrant } from '../../contract/sealed/grant.ts'
import { until } from '../../contract/testing/wait.ts'
import { signed } from '../testing/agents/device.ts'
import { type Answered, type Organisation, World } from '../testing/partners/world.ts'
import { type DeviceOptions, done, ephemeral, type Operator, RemoteDevice, Rig } from '../testing/remote/rig.ts'

const operator: Operator = { email: 'one@contoso.example' }
const other: Operator = { email: 'two@contoso.example' }
const modify = ['rooms.view', 'remoteAccess.modify']

let world: World
let rig: Rig

beforeAll(async () => {
  world = await World.start()
  rig = new Rig(world)
  await rig.switchOn()
})
afterAll(() => world.close())

async function room(options: DeviceOptions = {}): Promise<RemoteDevice> {
  const device = await RemoteDevice.make(world, options)
  await rig.give(operator.email, modify, [device.room])
  await rig.give(other.email, modify, [device.room])
  return device
}

/** The attempt is answered with this code, and the log and the audit have it, once. */
async function isRefused(
  attempt: { session: string; answer: Promise<Answered> },
  code: ErrorCode,
  by: Operator = operator,
): Promise<Problem> {
  const problem = Problem.parse((await attempt.answer).body)
  expect(problem.code).toBe(code)
  const record = await rig.record(by, attempt.session)
  expect(record).toMatchObject({ refusal: code, end: null, recording: null })
  expect(record.endedAt).toBe(record.startedAt)
  const audited = await rig.audited(attempt.session)
  expect(audited).toMatchObject([
    { operation: 'Create', resultStatus: 'Failed', user: by.email, detail: { action: 'session.start', code, room: record.room } },
  ])
  return problem
}

describe('[REM-3] each precondition refuses by itself', () => {
  it('a room that there is not, or that one may not see: alike, and neither the answer nor the log names it', async () => {
    const hidden = await RemoteDevice.make(world, { name: 'Zugspitze' })
    for (const there of [hidden.room, v7()]) {
      const attempt = rig.begin(operator, there)
      const problem = await isRefused(attempt, 'room.notFound')
      expect({ ...problem, params: {} }).toEqual({
        type: 'urn:roomkeeper:error:room.notFound',
        title: problem.title,
        status: 404,
        code: 'room.notFound',
        params: {},
      })
      expect(await rig.record(operator, attempt.session)).toMatchObject({ roomName: '', device: null, deviceName: '' })
    }
  })

  it('rights: none, and looking only', async () => {
    const device = await RemoteDevice.make(world)
    await rig.give(operator.email, ['rooms.view', 'remoteAccess.view'], [device.room])
    await isRefused(rig.begin({ email: 'boss@contoso.example' }, device.room, 'view'), 'access.denied', { email: 'boss@contoso.example' })
    await isRefused(rig.begin(operator, device.room, 'modify'), 'access.denied')
    const { session, answer } = rig.begin(operator, device.room, 'view')
    await device.agree(session)
    await done(answer)
  })

  it('the switch', async () => {
    const device = await room()
    await rig.settings({ remoteAccess: false })
    await isRefused(rig.begin(operator, device.room), 'remote.switchedOff')
    await rig.switchOn()
  })

  it('not enrolled', async () => {
    const device = await room({ enrolled: false })
    await isRefused(rig.begin(operator, device.room), 'room.notEnrolled')
  })

  it('no licence', async () => {
    const device = await room()
    await done(world.command('boss@contoso.example', { type: 'rooms.licence', rooms: [device.room], licence: 'basic' }))
    await isRefused(rig.begin(operator, device.room), 'remote.noLicence')
  })

  it('nothing offered, no screen, and an offer that was taken back', async () => {
    await isRefused(rig.begin(operator, (await room({ remote: null })).room), 'remote.unsupported')
    await isRefused(
      rig.begin(operator, (await room({ remote: { displays: [], terminal: false, restart: true } })).room),
      'remote.unsupported',
    )
    const device = await room()
    await device.device.acknowledged(device.device.report({}, { facts: { remote: { displays: [], terminal: false, restart: false } } }))
    await isRefused(rig.begin(operator, device.room), 'remote.unsupported')
  })

  it('not connected', async () => {
    const device = await room()
    device.device.drop()
    await device.device.ends()
    let attempt = rig.begin(operator, device.room)
    // The service may hear of the drop a moment later than the device.
    while ((await attempt.answer).code === 'remote.noAnswer') attempt = rig.begin(operator, device.room)
    await isRefused(attempt, 'remote.disconnected')
  })

  it('a call, as the newest report has it', async () => {
    const device = await room()
    await device.call(true)
    await isRefused(rig.begin(operator, device.room), 'remote.inCall')
    await device.call(false)
    await rig.session(operator, device, { joined: false })
  })

  it('somebody else is there: who, and since when; while the device is asked, too', async () => {
    const device = await room()
    const first = rig.begin(operator, device.room)
    await device.offered(first.session)
    expect((await isRefused(rig.begin(other, device.room), 'remote.occupied', other)).params).toMatchObject({ name: 'one@contoso.example' })
    await device.agree(first.session)
    await done(first.answer)
    const { startedAt } = await rig.record(operator, first.session)
    expect((await isRefused(rig.begin(other, device.room), 'remote.occupied', other)).params).toEqual({
      room: device.room,
      name: 'one@contoso.example',
      since: startedAt,
    })
    await done(rig.ask(operator, `/v1/sessions/${first.session}/end`, {}))
    await rig.session(other, device, { joined: false })
  })

  it('two operators at once: one of them', async () => {
    const device = await room()
    const attempts = [rig.begin(operator, device.room), rig.begin(other, device.room)]
    const won = await Promise.race(attempts.map(async ({ session }) => (await device.agree(session)).session))
    const codes = await Promise.all(attempts.map(async ({ answer, session }) => [session === won, (await answer).status]))
    expect(codes.sort()).toEqual([
      [false, 409],
      [true, 200],
    ])
  })
})

describe('[REM-3] the device', () => {
  it.each([
    ['remote.unsupported', 'remote.unsupported'],
    ['remote.inCall', 'remote.inCall'],
    ['access.denied', 'remote.refused'],
  ])('answers %s: %s', async (said, code) => {
    const device = await room()
    const attempt = rig.begin(operator, device.room)
    await device.offered(attempt.session)
    device.device.say({ type: 'sessionRefused', session: attempt.session, code: said })
    await isRefused(attempt, ErrorCode.parse(code))
  })

  it('does not answer, and answers too late: it is told that it is over', async () => {
    const device = await room()
    const attempt = rig.begin(operator, device.room)
    await isRefused(attempt, 'remote.noAnswer')
    expect(await device.over(attempt.session)).toBe('neverJoined')
    device.device.heard = device.device.heard.filter(({ type }) => type !== 'sessionEnd')
    await device.agree(attempt.session)
    expect(await device.over(attempt.session)).toBe('neverJoined')
    expect((await rig.record(operator, attempt.session)).refusal).toBe('remote.noAnswer')
  })

  it('is cut off while it is asked', async () => {
    const device = await room()
    const attempt = rig.begin(operator, device.room)
    await device.offered(attempt.session)
    device.device.drop()
    await isRefused(attempt, 'remote.disconnected')
  })

  it('signs something else, or another device answers for it', async () => {
    const device = await room()
    const stranger = await room()
    const attempt = rig.begin(operator, device.room)
    await device.offered(attempt.session)
    const key = ephemeral()
    stranger.device.say({ type: 'sessionAccepted', session: attempt.session, key, signature: signed(stranger.device.key, 'anything') })
    expect(await stranger.over(attempt.session)).toBe('neverJoined')
    device.device.say({
      type: 'sessionAccepted',
      session: attempt.session,
      key,
      signature: signed(device.device.key, ['roomkeeper session 1', attempt.session, 'another grant', key].join('\n')),
    })
    await isRefused(attempt, 'remote.refused')
    expect(await device.over(attempt.session)).toBe('neverJoined')
  })

  it('cannot say more than once what it answers, nor speak for the session of another', async () => {
    const device = await room()
    const stranger = await room()
    const { session } = await rig.session(operator, device, { joined: false })
    device.device.say({ type: 'sessionRefused', session, code: 'remote.refused' })
    for (const word of [
      { type: 'sessionEnded', session, reason: 'restarted' },
      { type: 'sessionTicketWanted', session },
    ])
      stranger.device.say(word)
    await stranger.over(session)
    await device.beat()
    expect(await rig.record(operator, session)).toMatchObject({ endedAt: null, end: null })
    expect(stranger.told('sessionTicket', session)).toBeUndefined()
  })
})

it('is ended while the device is asked: by whoever asked, by the switch, by a call', async () => {
  const causes: [ErrorCode, (attempt: { session: string }, device: RemoteDevice) => Promise<unknown>][] = [
    ['remote.ended', ({ session }) => rig.ask(operator, `/v1/sessions/${session}/end`, {})],
    ['remote.inCall', (_, device) => device.call(true)],
    ['remote.switchedOff', () => rig.settings({ remoteAccess: false })],
  ]
  for (const [code, cause] of causes) {
    const device = await room()
    const attempt = rig.begin(operator, device.room)
    await device.offered(attempt.session)
    await cause(attempt, device)
    await isRefused(attempt, code)
    await device.over(attempt.session)
  }
  await rig.switchOn()
})

it('[REM-3] the same request again gets the same answer; the name of another session of the operator is refused, and audited', async () => {
  const device = await room()
  const [session, key] = [v7(), ephemeral()]
  const attempts = [0, 1, 2].map(() => rig.begin(operator, device.room, 'modify', session, key))
  await device.agree(session)
  const [first, ...again] = await Promise.all(attempts.map(({ answer }) => done(answer)))
  for (const { body } of again) expect(body).toEqual(first?.body)
  expect(await rig.audited(session)).toHaveLength(1)
  const elsewhere = await room()
  const begin = (room: typeof device.room, mode: 'view' | 'modify') => rig.begin(operator, room, mode, session, key)
  for (const attempt of [begin(device.room, 'view'), begin(elsewhere.room, 'modify')]) {
    expect((await attempt.answer).code).toBe('request.conflict')
  }
  expect((await rig.begin(operator, v7(), 'modify', session, key).answer).code).toBe('room.notFound')
  await done(rig.ask(operator, `/v1/sessions/${session}/end`, {}))
  expect((await rig.begin(operator, device.room, 'modify', session, key).answer).code).toBe('request.conflict')
  const audited = (await rig.audited(session)).map(({ resultStatus, detail }) => [resultStatus, detail['action'], detail['code']])
  expect(audited).toEqual([
    ['Successful', 'session.start', undefined],
    ['Failed', 'session.start', 'request.conflict'],
    ['Failed', 'session.start', 'room.notFound'],
    ['Successful', 'session.end', undefined],
  ])
  expect(await rig.record(operator, session)).toMatchObject({ refusal: null, end: 'operatorEnded' })
})

it('nobody else reads it, gets a ticket of it, or ends it; an auditor reads it', async () => {
  const device = await room()
  const { session, answer } = await rig.session(operator, device, { joined: false })
  const stranger: Operator = { email: 'boss@adatum.example' }
  for (const asker of [other, stranger]) {
    expect((await rig.ask(asker, `/v1/sessions/${session}`)).code).toBe('remote.notFound')
    for (const what of ['ticket', 'end']) expect((await rig.ask(asker, `/v1/sessions/${session}/${what}`, {})).code).toBe('remote.notFound')
  }
  const auditor: Operator = { email: 'boss@contoso.example' }
  expect((await rig.ask(auditor, `/v1/sessions/${session}/ticket`, {})).code).toBe('remote.notFound')
  expect(await rig.record(auditor, session)).toMatchObject({ id: session, endedAt: null })
  const fresh = SessionAnswer.pick({ ticket: true }).parse((await done(rig.ask(operator, `/v1/sessions/${session}/ticket`, {}))).body)
  expect(fresh.ticket).not.toBe(answer.ticket)
})

describe('[REM-3, PAR-8] the name of somebody else’s session', () => {
  const stranger: Operator = { email: 'boss@adatum.example' }
  const failed = async (organisation: Organisation, { email }: Operator) => {
    const { items } = AuditPage.parse((await world.ask(`boss@${organisation}.example`, '/v1/audit?category=RemoteSession&limit=200')).body)
    const own = items.filter(({ user, resultStatus }) => user === email && resultStatus === 'Failed')
    return own.filter(({ detail }) => detail['code'] === 'room.notFound')
  }
  const grantOf = ({ body }: Answered) => readGrant(SessionAnswer.parse(body).grant)

  it.each(['runs', 'is asked about', 'is over'])('that %s is answered as a fresh one: to who may nothing, and to who may', async (how) => {
    const device = await room()
    const named = v7()
    const first = rig.begin(operator, device.room, 'modify', named)
    await device.offered(named)
    if (how !== 'is asked about') {
      await device.agree(named)
      await done(first.answer)
    }
    if (how === 'is over') await done(rig.ask(operator, `/v1/sessions/${named}/end`, {}))
    for (const [organisation, asker] of [
      ['contoso', other],
      ['adatum', stranger],
    ] as const) {
      const hidden = await RemoteDevice.make(world, { organisation: organisation === 'adatum' ? 'contoso' : 'adatum' })
      const told = async (session: string, there: string) => {
        const { code, status } = await rig.begin(asker, there, 'modify', session).answer
        const { id, refusal, roomName } = await rig.record(asker, session)
        return { code, status, isNamedSo: id === session, refusal, roomName }
      }
      const before = (await failed(organisation, asker)).length
      expect(await told(named, hidden.room)).toEqual(await told(v7(), hidden.room))
      expect(await failed(organisation, asker)).toHaveLength(before + 2)
    }
    if (how === 'is asked about') await device.agree(named)
    if (how !== 'is over') {
      await done(first.answer)
      await done(rig.ask(operator, `/v1/sessions/${named}/end`, {}))
    }
  })

  it('is kept under an id of its operator’s own, and hurts neither', async () => {
    const [device, elsewhere] = [await room(), await room()]
    const { session: named } = await rig.session(operator, device, { joined: false })
    const key = ephemeral()
    const theirs = rig.begin(other, elsewhere.room, 'modify', named, key)
    const { session: id } = await until('the offer', () => elsewhere.device.heard.find((one) => one.type === 'session'))
    expect(id).not.toBe(named)
    await elsewhere.agree(id)
    const answer = await done(theirs.answer)
    expect(grantOf(answer)).toMatchObject({ sid: id, room: elsewhere.room })
    expect((await done(rig.begin(other, elsewhere.room, 'modify', named, key).answer)).body).toEqual(answer.body)
    expect((await done(rig.ask(other, `/v1/sessions/${named}/ticket`, {}))).body).toHaveProperty('ticket')
    expect(await rig.record(other, named)).toMatchObject({ id: named, room: elsewhere.room, endedAt: null })
    await done(rig.ask(other, `/v1/sessions/${named}/end`, {}))
    expect(await elsewhere.over(id)).toBe('operatorEnded')
    expect(await rig.record(other, named)).toMatchObject({ end: 'operatorEnded' })
    expect(await rig.record(operator, named)).toMatchObject({ room: device.room, endedAt: null })
    expect((await rig.begin(other, elsewhere.room, 'modify', named, key).answer).code).toBe('request.conflict')
    await done(rig.ask(operator, `/v1/sessions/${named}/end`, {}))
  })
})

it('who tries for ever fills neither the log nor the audit', async () => {
  world.pass(limits.refusedEntriesMs)
  const device = await RemoteDevice.make(world, { organisation: 'adatum' })
  const stubborn: Operator = { email: 'boss@adatum.example' }
  const sessions: string[] = []
  for (let tried = 0; tried < limits.refusedEntries + 5; tried += 1) {
    const { session, answer } = rig.begin(stubborn, device.room)
    expect((await answer).code).toBe('access.denied')
    sessions.push(session)
  }
  const kept = await Promise.all(sessions.map(async (session) => (await rig.ask(stubborn, `/v1/sessions/${session}`)).status === 200))
  expect(kept).toEqual(sessions.map((_, index) => index < limits.refusedEntries))
  world.pass(limits.refusedEntriesMs)
  const { session, answer } = rig.begin(stubborn, device.room)
  await answer
  expect(await rig.record(stubborn, session)).toMatchObject({ refusal: 'access.denied' })
})

it('a device that asks for tickets without end gets some, and hurts nobody', async () => {
  const device = await room()
  const { session } = await rig.session(operator, device, { joined: false })
  for (let asked = 0; asked < 200; asked += 1) device.device.say({ type: 'sessionTicketWanted', session: asked % 2 === 0 ? session : v7() })
  await device.beat()
  await done(rig.ask(operator, `/v1/sessions/${session}/end`, {}))
  await device.over(session)
  const given = device.device.heard.filter(({ type }) => type === 'sessionTicket')
  expect(given.length).toBeGreaterThan(0)
  expect(given.length).toBeLessThanOrEqual(60)
})
