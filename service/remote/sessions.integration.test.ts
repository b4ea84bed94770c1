import { decodeJwt, decodeProtectedHeader, importJWK, jwtVerify } from 'jose'
import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { SessionKey } from '../../contract/agent.ts'
import { RecordingTicket, recordingTicketType } from '../../contract/recording.ts'
import { RelayTicket } from '../../contract/relay.ts'
import { SessionAnswer, SessionGrant, sessionGrantType } from '../../contract/remote.ts'
import { TransitionPage } from '../../contract/transitions.ts'
import { objectIdOf, World } from '../testing/partners/world.ts'
import { TestSide } from '../testing/relay/client.ts'
import { done, ephemeral, type Operator, RemoteDevice, Rig } from '../testing/remote/rig.ts'

const operator: Operator = { email: 'one@contoso.example' }
const looker: Operator = { email: 'two@contoso.example' }

let world: World
let rig: Rig

beforeAll(async () => {
  world = await World.start()
  rig = new Rig(world)
  await rig.switchOn()
})
afterAll(() => world.close())

/** A room whose operator may drive it, and looker may look at it. */
async function room(): Promise<RemoteDevice> {
  const device = await RemoteDevice.make(world)
  await rig.give(operator.email, ['rooms.view', 'remoteAccess.modify'], [device.room])
  await rig.give(looker.email, ['rooms.view', 'remoteAccess.view'], [device.room])
  return device
}

it('[REM-7, REM-8] begins: what the service signs says who, what, how long; both sides meet at the relay, and the log has it', async () => {
  const device = await room()
  const key = ephemeral()
  const { session, answer } = rig.begin(operator, device.room, 'modify', v7(), key)
  const offer = await device.agree(session)
  const { grant, device: half, ticket, relay } = SessionAnswer.parse((await done(answer)).body)

  expect(grant).toBe(offer.grant)
  expect(relay).toBeUndefined()
  expect(half.enrolledKey).toEqual(device.device.key.publicKey)
  const { service, sessionKey, device: id } = device.device.enrolment
  expect(SessionKey.parse((await world.ask(operator.email, '/v1/relay/key')).body)).toEqual(sessionKey)
  const { payload } = await jwtVerify(grant, await importJWK(SessionKey.parse(sessionKey), 'EdDSA'), {
    typ: sessionGrantType,
    issuer: service,
  })
  const claims = SessionGrant.parse(payload)
  expect(claims).toMatchObject({
    sid: session,
    tenant: world.tenant('contoso'),
    room: device.room,
    device: id,
    mode: 'modify',
    displays: ['console', 'frontOfRoom1'],
    terminal: true,
    record: false,
    key,
  })
  expect(claims.operator).toMatchObject({ name: 'one@contoso.example' })
  expect(claims.exp - claims.iat).toBeGreaterThan(8 * 3600 - 60)
  expect(claims.exp - claims.iat).toBeLessThanOrEqual(8 * 3600)
  expect(offer.upload).toBeUndefined()

  const tickets = [ticket, offer.ticket].map((text) => RelayTicket.parse(decodeJwt(text)))
  expect(tickets.map(({ side, sid, device: of, aud }) => [side, sid, of, aud])).toEqual([
    ['operator', session, id, service],
    ['device', session, id, service],
  ])
  expect(tickets.every(({ idle, maximum }) => idle === 15 * 60 && maximum > 8 * 3600 - 60 && maximum <= 8 * 3600)).toBe(true)

  const atOperator = await TestSide.ticket(world.url, ticket)
  const atDevice = await TestSide.ticket(world.url, offer.ticket)
  expect((await atOperator.control()).type).toBe('open')
  expect((await atOperator.control()).type).toBe('joined')
  atDevice.send(Buffer.from('hello'))
  expect(String(await atOperator.bytes(5))).toBe('hello')

  const record = await rig.record(operator, session)
  expect(record).toMatchObject({
    id: session,
    room: device.room,
    roomName: 'Lyon 1',
    device: id,
    deviceName: 'Contoso Console 1 (S-1)',
    mode: 'modify',
    endedAt: null,
    end: null,
    refusal: null,
    recording: null,
  })
  expect(record.operator).toMatchObject({ name: 'one@contoso.example', email: 'one@contoso.example' })
  expect(await rig.audited(session)).toMatchObject([
    {
      operation: 'Create',
      resultStatus: 'Successful',
      user: 'one@contoso.example',
      userId: objectIdOf('one@contoso.example'),
      objectName: 'Lyon 1',
      detail: { action: 'session.start', room: device.room, device: id, mode: 'modify' },
    },
  ])
  await rig.ask(operator, `/v1/sessions/${session}/end`, {})
})

it('[ROM-2, REM-8] its beginning and its end stand in the history of the room, without who it was', async () => {
  const device = await room()
  const { session } = await rig.session(operator, device, { joined: false })
  await rig.ask(operator, `/v1/sessions/${session}/end`, {})
  const { items } = TransitionPage.parse((await world.ask(looker.email, `/v1/rooms/${device.room}/transitions`)).body)
  const events = items.toReversed().filter(({ kind }) => kind.startsWith('remote'))
  expect(events.map(({ kind, actor }) => [kind, actor])).toEqual([
    ['remoteStarted', { kind: 'system' }],
    ['remoteEnded', { kind: 'system' }],
  ])
})

it('[REM-4] view: the grant says so, and opens no terminal', async () => {
  const device = await room()
  const { offer } = await rig.session(looker, device, { mode: 'view', joined: false })
  expect(SessionGrant.parse(decodeJwt(offer.grant))).toMatchObject({ mode: 'view', terminal: false })
})

it('recorded: the device is told to, and may upload this session until it can be long over', async () => {
  const device = await room()
  await rig.settings({ recordSessions: true })
  const { offer, session } = await rig.session(operator, device, { joined: false })
  await rig.settings({ recordSessions: false })
  const grant = SessionGrant.parse(decodeJwt(offer.grant))
  expect(grant.record).toBe(true)
  expect(decodeProtectedHeader(offer.upload ?? '').typ).toBe(recordingTicketType)
  const upload = RecordingTicket.parse(decodeJwt(offer.upload ?? ''))
  expect(upload).toMatchObject({ iss: grant.iss, sid: session, tenant: grant.tenant, device: grant.device })
  expect(upload.exp - grant.exp).toBeGreaterThanOrEqual(600)
  expect(upload.exp - grant.exp).toBeLessThanOrEqual(602)
  expect(await rig.audited(session)).toMatchObject([{ detail: { recorded: true } }])
})
