import { once } from 'node:events'
import { decodeJwt } from 'jose'
import { v7 } from 'uuid'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { SessionKey } from '../../contract/agent.ts'
import { RelayId, relayPath, RelayTicket } from '../../contract/relay.ts'
import { TicketAnswer } from '../../contract/remote.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { until } from '../../contract/testing/wait.ts'
import { TestSide } from '../testing/relay/client.ts'
import { makeKeys } from '../testing/relay/relay.ts'
import { ProcessWorld } from '../testing/remote/processWorld.ts'
import { done, type Operator, relayWord, RemoteDevice, Rig } from '../testing/remote/rig.ts'
import { type RunningRelay, startRelay } from './relay/alone.ts'
import { publicPartOf } from './relay/keys.ts'
import { ticketAuthorization } from './relay/tickets.ts'

const operator: Operator = { email: 'one@contoso.example' }
const modify = ['rooms.view', 'remoteAccess.modify']

let world: ProcessWorld | undefined
let relay: RunningRelay | undefined

afterEach(async () => {
  await relay?.stop()
  await world?.close()
  relay = undefined
  world = undefined
})

async function scene(...args: string[]): Promise<{ world: ProcessWorld; rig: Rig; device: RemoteDevice }> {
  world = await ProcessWorld.start(...args)
  const rig = new Rig(world)
  await rig.switchOn()
  const device = await RemoteDevice.make(world)
  await rig.give(operator.email, modify, [device.room])
  return { world, rig, device }
}

// Services are started and ended several times in one test.
describe('[REM-7] a service that ends', { timeout: 180_000 }, () => {
  it('by itself: ends its sessions first, and both sides are told', async () => {
    const { world, rig, device } = await scene()
    const { session, sides } = await rig.session(operator, device)
    const asking = await RemoteDevice.make(world)
    await rig.give(operator.email, modify, [asking.room])
    const attempt = rig.begin(operator, asking.room)
    await asking.offered(attempt.session)
    const restarted = world.restart('SIGTERM')
    expect((await attempt.answer).code).toBe('service.unavailable')
    expect(await device.over(session)).toBe('serviceStopped')
    if (!sides) throw new Error('no sides')
    expect(await relayWord(sides.operator, 'ended')).toMatchObject({ reason: 'withdrawn' })
    await restarted
    expect(await rig.record(operator, session)).toMatchObject({ end: 'serviceStopped' })
    expect(await rig.record(operator, attempt.session)).toMatchObject({ end: null, refusal: 'service.unavailable' })
    expect((await rig.audited(session)).map(({ detail }) => [detail['action'], detail['reason']])).toEqual([
      ['session.start', undefined],
      ['session.end', 'serviceStopped'],
    ])
  })

  it('killed: the log ends what ran when it comes again, once, and the device is told when it comes', async () => {
    const { world, rig, device } = await scene()
    const { session } = await rig.session(operator, device)
    await world.restart('SIGKILL')
    const record = await rig.record(operator, session)
    expect(record).toMatchObject({ end: 'serviceStopped', refusal: null })
    expect((await rig.ask(operator, `/v1/sessions/${session}/ticket`, {})).code).toBe('remote.ended')
    await device.device.connect()
    expect(await device.over(session)).toBe('serviceStopped')
    await world.restart('SIGKILL')
    expect(await rig.record(operator, session)).toEqual(record)
    expect((await rig.audited(session)).map(({ detail, user }) => [detail['action'], user])).toEqual([
      ['session.start', 'one@contoso.example'],
      ['session.end', null],
    ])
    await device.device.connect()
    await rig.session(operator, device)
  })
})

describe('[REM-7] a relay elsewhere', { timeout: 180_000 }, () => {
  it('is named by tickets and answers; fresh tickets are given where it was lost; the service has none of its own', async () => {
    const place = { host: '127.0.0.1', behindProxy: false, logLevel: 'silent', id: RelayId.parse('relay-lyon') } as const
    relay = await startRelay({ ...place, port: 0, key: publicPartOf((await makeKeys()).publicKey) }, realSystem)
    const { id } = place
    const port = Number(new URL(relay.url).port)
    const { world, rig, device } = await scene('--relay', relay.url, '--relay-id', id)
    // The service's own key is made at its first start.
    const key = SessionKey.parse((await world.ask(operator.email, '/v1/relay/key')).body)
    await relay.stop()
    relay = await startRelay({ ...place, port, key }, realSystem)

    const { session, offer, answer } = await rig.session(operator, device, { joined: false })
    expect([offer.relay, answer.relay]).toEqual([relay.url, relay.url])
    expect(RelayTicket.parse(decodeJwt(answer.ticket))).toMatchObject({ aud: id, sid: session })
    const [error] = await once(
      new WebSocket(`${world.url.replace('http', 'ws')}${relayPath}`, { headers: { authorization: ticketAuthorization(answer.ticket) } }),
      'error',
    )
    expect(String(error)).toContain('404')
    const atOperator = await TestSide.ticket(relay.url, answer.ticket)
    const atDevice = await TestSide.ticket(relay.url, offer.ticket)
    await relayWord(atOperator, 'joined')

    await relay.stop()
    await atDevice.whenClosed()
    relay = await startRelay({ ...place, port, key }, realSystem)
    device.device.say({ type: 'sessionTicketWanted', session })
    const fresh = await until('a fresh ticket', () => device.told('sessionTicket', session))
    expect(fresh.relay).toBe(relay.url)
    const own = TicketAnswer.parse((await done(rig.ask(operator, `/v1/sessions/${session}/ticket`, {}))).body)
    const again = await TestSide.ticket(relay.url, own.ticket)
    const other = await TestSide.ticket(relay.url, fresh.ticket)
    await relayWord(again, 'joined')
    other.send(Buffer.from('here'))
    expect(String(await again.bytes(4))).toBe('here')

    // The service cannot end it there: the device does, on the service's word.
    await rig.settings({ remoteAccess: false })
    expect(await device.over(session)).toBe('switchedOff')
    other.say({ type: 'end' })
    expect(await relayWord(again, 'ended')).toMatchObject({ reason: 'ended', by: 'device' })
    expect(await rig.record(operator, session)).toMatchObject({ end: 'switchedOff' })
    // Nor does it know whether the device has heard that: one that asks, hears it again.
    const heard = () =>
      device.device.heard.flatMap((message) => (message.type === 'sessionEnd' && message.session === session ? [message.reason] : []))
    expect(heard()).toEqual(['switchedOff'])
    device.device.say({ type: 'sessionTicketWanted', session })
    await until('the end, said again', () => heard().length === 2)
    expect(heard()[1]).toBe('switchedOff')
  })
})

it('no grant, ticket or key is ever logged, whatever happens', async () => {
  const { world, rig, device } = await scene('--log-level', 'trace')
  await rig.settings({ recordSessions: true })
  const { session, offer, answer, sides } = await rig.session(operator, device)
  await expect(TestSide.ticket(world.url, offer.ticket)).rejects.toThrow()
  device.device.say({ type: 'sessionTicketWanted', session })
  const fresh = await until('a fresh ticket', () => device.told('sessionTicket', session))
  const own = TicketAnswer.parse((await done(rig.ask(operator, `/v1/sessions/${session}/ticket`, {}))).body)
  await sides?.device.drop()
  const refused = rig.begin(operator, v7())
  await refused.answer
  device.device.say({ type: 'sessionAccepted', session: v7(), key: answer.device.key, signature: answer.device.signature })
  await done(rig.ask(operator, `/v1/sessions/${session}/end`, {}))
  await until('the end in the log', () => world.log.includes('a remote session is over'))
  expect(world.log).toContain(session)
  const secrets = [
    offer.grant,
    offer.ticket,
    offer.upload ?? '',
    answer.ticket,
    fresh.ticket,
    own.ticket,
    sides?.operator.secret ?? '',
    await world.token(operator.email),
  ]
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(20)
    // Neither whole nor its signature alone.
    for (const part of [secret, secret.split('.').at(-1) ?? '']) expect(world.log.includes(part)).toBe(false)
  }
  expect(world.log).not.toContain(answer.device.key)
})
