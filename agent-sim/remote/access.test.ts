import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { v7 } from 'uuid'
import { beforeEach, describe, expect, it } from 'vitest'
import { SessionKey } from '../../contract/agent.ts'
import { DeviceId, SessionId } from '../../contract/ids.ts'
import { sessionGrantType, type SessionGrant } from '../../contract/remote.ts'
import { grantHash, proofOf } from '../../contract/sealed/grant.ts'
import type { TicketFor } from '../../contract/sealed/interfaces.ts'
import { makePair } from '../../contract/sealed/keys.ts'
import { FakeClock } from '../../contract/testing/clock.ts'
import { settle } from '../../contract/testing/wait.ts'
import type { SessionWord } from '../agent/connection.ts'
import { publicKeyOf } from '../agent/identity.ts'
import { RemoteAccess } from './access.ts'
import { agreeTo, checkGrant, type OfferRules } from './offer.ts'
import type { RemoteParts } from './parts.ts'
import { FakeLink, FakeParts, grantFor } from './testing/fakes.ts'

const service = generateKeyPairSync('ed25519')
const another = generateKeyPairSync('ed25519')
const enrolled = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const device = DeviceId.parse(v7())

let clock: FakeClock
let parts: FakeParts
let offered: RemoteParts | undefined
let said: SessionWord[]
let notes: string[]
let links: FakeLink[]
let fresh: (() => Promise<TicketFor>) | undefined
let connected: boolean
let inCall: boolean
let uploads: string[]
let finishRecording: () => void
let rules: OfferRules
let access: RemoteAccess

beforeEach(() => {
  clock = new FakeClock()
  parts = new FakeParts(clock)
  offered = parts
  said = []
  notes = []
  links = []
  uploads = []
  connected = true
  inCall = false
  rules = {
    enrolment: { device, service: 'test service', sessionKey: SessionKey.parse(service.publicKey.export({ format: 'jwk' })) },
    key: {
      protection: 'software',
      publicKey: publicKeyOf(enrolled.publicKey),
      sign: (text) =>
        Promise.resolve(sign('sha256', Buffer.from(text), { key: enrolled.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')),
    },
    now: clock.now,
  }
  access = new RemoteAccess({
    parts: () => Promise.resolve(offered),
    inCall: () => inCall,
    check: (offered) => checkGrant(offered, rules),
    agree: (grant, text) => agreeTo(grant, text, rules),
    link: (options) => {
      const link = new FakeLink(options)
      links.push(link)
      fresh = options.freshTicket
      return link
    },
    recorder: ({ upload }) => {
      uploads.push(upload)
      return {
        show: () => Promise.resolve(),
        hide: () => undefined,
        terminalOpened: () => undefined,
        terminalResized: () => undefined,
        terminalWrote: () => undefined,
        terminalClosed: () => undefined,
        finish: () => new Promise((done) => (finishRecording = done)),
      }
    },
    say: (word) => {
      if (connected) said.push(word)
      return connected
    },
    timers: clock,
    now: clock.now,
    times: { idleMs: 600_000, restartShownMs: 1_000, unattendedMs: 60_000, ticketMs: 8_000 },
    onNote: (_level, text) => notes.push(text),
  })
})

function signed(claims: object, key = service.privateKey, header: object = { alg: 'EdDSA', typ: sessionGrantType }): string {
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${text}.${sign(null, Buffer.from(text), key).toString('base64url')}`
}

const grantOf = (changes: Partial<SessionGrant> = {}) => grantFor(clock.now(), { device, key: makePair().publicKey, ...changes })

async function offer(grant: SessionGrant, text = signed(grant), more: { upload?: string; signature?: string } = {}): Promise<SessionId> {
  access.hear({ type: 'session', session: grant.sid, grant: text, ticket: 'ticket', ...more })
  await settle()
  return grant.sid
}

const twice = (grant: SessionGrant, header?: object): [SessionGrant, string] => [grant, signed(grant, service.privateKey, header)]

const refusals = () => said.flatMap((word) => (word.type === 'sessionRefused' ? [word.code] : []))

describe('an offer', () => {
  it('is accepted with a key that the device has signed for this grant, and the relay is dialled', async () => {
    const grant = grantOf()
    const text = signed(grant)
    await offer(grant, text)
    const [accepted] = said
    if (accepted?.type !== 'sessionAccepted') throw new Error('not accepted')
    expect(accepted.session).toBe(grant.sid)
    expect(
      verify(
        'sha256',
        Buffer.from(proofOf(text, accepted.key)),
        { key: enrolled.publicKey, dsaEncoding: 'ieee-p1363' },
        Buffer.from(accepted.signature, 'base64url'),
      ),
    ).toBe(true)
    expect(proofOf(text, accepted.key)).toContain(grantHash(text))
    expect(links).toHaveLength(1)
    expect(links[0]?.started).toBe(true)
    expect(access.session?.grant.sid).toBe(grant.sid)
  })

  it.each([-61 * 24, -9, 9, 61 * 24])(
    '[rule 11] that the service has signed as new is taken with clocks %d h apart, and lasts as long as it says',
    async (hours) => {
      const now = clock.now() / 1000 + hours * 3_600
      const grant = grantOf({ iat: now, exp: now + 600 })
      await offer(grant, signed(grant), { signature: 'A'.repeat(86) })
      expect(refusals()).toEqual([])
      clock.advance(300_000)
      expect(access.session?.grant.sid).toBe(grant.sid)
      clock.advance(300_000)
      expect(access.session).toBeUndefined()
      expect(said.at(-1)).toMatchObject({ type: 'sessionEnded', reason: 'maximum' })
    },
  )

  it('[rule 11] that only a clock speaks against names the clock', async () => {
    await offer(grantOf({ iat: clock.now() / 1000 - 20, exp: clock.now() / 1000 - 10 }))
    expect(notes.at(-1)).toContain("by this device's clock, which may be wrong")
  })

  it.each<[string, () => [SessionGrant, string]]>([
    ['signed by another key', () => [grantOf(), signed(grantOf(), another.privateKey)]],
    ['for another device', () => twice(grantOf({ device: DeviceId.parse(v7()) }))],
    ['of another service', () => twice(grantOf({ iss: 'another service' }))],
    ['that has expired', () => twice(grantOf({ iat: clock.now() / 1000 - 20, exp: clock.now() / 1000 - 10 }))],
    ['for another session', () => [grantOf(), signed(grantOf())]],
    ['of another type', () => twice(grantOf(), { alg: 'EdDSA', typ: 'roomkeeper-relay+jwt' })],
    ['that names no algorithm', () => twice(grantOf(), { alg: 'none', typ: sessionGrantType })],
    ['that is none', () => [grantOf(), 'x.y.z']],
    ['to be recorded, without a way to upload', () => twice(grantOf({ record: true }))],
  ])('%s is refused, which the log of the device says', async (_name, make) => {
    const [grant, text] = make()
    await offer(grant, text)
    expect(refusals()).toEqual(['remote.refused'])
    expect(notes.at(-1)).toContain('remote.refused')
    expect(links).toEqual([])
    expect(parts.rings).toEqual([])
  })

  it('is refused by a device that kept no key of its service', async () => {
    rules = { ...rules, enrolment: { device, service: 'test service' } }
    await offer(grantOf())
    expect(refusals()).toEqual(['remote.refused'])
  })

  it('is refused in a call, by a device that offers nothing, and while another session runs', async () => {
    inCall = true
    await offer(grantOf())
    inCall = false
    offered = undefined
    await offer(grantOf())
    offered = parts
    const first = await offer(grantOf())
    await offer(grantOf())
    expect(refusals()).toEqual(['remote.inCall', 'remote.unsupported', 'remote.occupied'])
    expect(access.session?.grant.sid).toBe(first)
  })

  it('is refused when a call begins, or another offer is answered, while the key signs', async () => {
    const { sign: real } = rules.key
    let go = () => {}
    rules = {
      ...rules,
      key: {
        ...rules.key,
        sign: (text) =>
          new Promise(
            (done) =>
              (go = () => {
                done(real(text))
              }),
          ),
      },
    }
    await offer(grantOf())
    await offer(grantOf())
    expect(refusals()).toEqual(['remote.occupied'])
    inCall = true
    go()
    await settle()
    expect(refusals()).toEqual(['remote.occupied', 'remote.inCall'])
    expect(links).toEqual([])
  })

  it('that is taken back while the key signs begins nothing', async () => {
    let go = () => {}
    const { sign: real } = rules.key
    rules = {
      ...rules,
      key: {
        ...rules.key,
        sign: (text) =>
          new Promise(
            (done) =>
              (go = () => {
                done(real(text))
              }),
          ),
      },
    }
    const session = await offer(grantOf())
    access.hear({ type: 'sessionEnd', session, reason: 'switchedOff' })
    go()
    await settle()
    expect(links).toEqual([])
    expect(said).toEqual([])
  })

  it('that cannot be signed for is refused, and the next one is not', async () => {
    const { key } = rules
    rules = { ...rules, key: { ...key, sign: () => Promise.reject(new Error('the TPM is busy')) } }
    await offer(grantOf())
    expect(refusals()).toEqual(['remote.refused'])
    expect(notes.at(-1)).toContain('the TPM is busy')
    rules = { ...rules, key }
    await offer(grantOf())
    expect(said.at(-1)?.type).toBe('sessionAccepted')
  })
})

describe('the end of a session', () => {
  it.each(['switchedOff', 'accessWithdrawn', 'replaced', 'unenrolled'])(
    'by the service reaches the console with its reason: %s',
    async (reason) => {
      const session = await offer(grantOf())
      access.hear({ type: 'sessionEnd', session, reason })
      expect(links[0]?.heard.at(-1)).toEqual({ type: 'ending', reason })
      expect(access.session).toBeUndefined()
      // It knows already.
      expect(said.map(({ type }) => type)).toEqual(['sessionAccepted'])
      expect(parts.closes).toBe(1)
    },
  )

  it('for a reason of a later service is an end all the same', async () => {
    const session = await offer(grantOf())
    access.hear({ type: 'sessionEnd', session, reason: 'fullMoon' })
    expect(links[0]?.heard.at(-1)).toEqual({ type: 'ending', reason: 'accessWithdrawn' })
  })

  it('of another session changes nothing', async () => {
    await offer(grantOf())
    access.hear({ type: 'sessionEnd', session: SessionId.parse(v7()), reason: 'switchedOff' })
    expect(access.session).toBeDefined()
  })

  it('by the console, or by a call, is told to the service', async () => {
    const first = await offer(grantOf())
    links[0]?.say({ type: 'end' })
    const second = await offer(grantOf())
    access.callStarted()
    expect(said.filter(({ type }) => type === 'sessionEnded')).toEqual([
      { type: 'sessionEnded', session: first, reason: 'operatorEnded' },
      { type: 'sessionEnded', session: second, reason: 'callStarted' },
    ])
    expect(links[1]?.heard.at(-1)).toEqual({ type: 'ending', reason: 'callStarted' })
    access.callStarted()
    expect(said).toHaveLength(4)
  })

  it('while the service is away is told when it is back, once', async () => {
    const session = await offer(grantOf({ mode: 'view', terminal: false }))
    connected = false
    access.connected(false)
    links[0]?.say({ type: 'end' })
    expect(said).toHaveLength(1)
    connected = true
    access.connected(true)
    access.connected(false)
    access.connected(true)
    expect(said.slice(1)).toEqual([{ type: 'sessionEnded', session, reason: 'operatorEnded' }])
  })

  it('comes when the agent has been without the service for too long, and not before', async () => {
    await offer(grantOf())
    access.connected(false)
    clock.advance(59_000)
    access.connected(true)
    clock.advance(59_000)
    access.connected(false)
    clock.advance(59_999)
    expect(access.session).toBeDefined()
    clock.advance(1)
    expect(access.session).toBeUndefined()
    expect(links[0]?.heard.at(-1)).toEqual({ type: 'ending', reason: 'deviceLost' })
  })

  it('asks after its session when the agent comes back, since its end may have been said to nobody', async () => {
    const session = await offer(grantOf())
    access.connected(false)
    said = []
    access.connected(true)
    expect(said).toEqual([{ type: 'sessionTicketWanted', session }])
    access.hear({ type: 'sessionTicket', session, ticket: 'not needed' })
    expect(access.session).toBeDefined()
    access.hear({ type: 'sessionEnd', session, reason: 'accessWithdrawn' })
    expect(links[0]?.heard.at(-1)).toEqual({ type: 'ending', reason: 'accessWithdrawn' })
    access.connected(false)
    said = []
    access.connected(true)
    expect(said).toEqual([])
  })

  it('leaves nothing to wait for once it is stopped, though the agent loses its connection afterwards', async () => {
    await offer(grantOf())
    await access.stop()
    const waiting = clock.waiting
    access.connected(false)
    expect(clock.waiting).toBe(waiting)
  })

  it('restarts the device by default with modify, never with view, nor under a call', async () => {
    await offer(grantOf({ mode: 'view', terminal: false }))
    access.end('operatorEnded')
    await offer(grantOf())
    access.callStarted()
    expect(parts.restarts).toBe(0)
    await offer(grantOf())
    links.at(-1)?.say({ type: 'end' })
    expect(parts.restarts).toBe(1)
  })
})

describe('a recording', () => {
  it('is uploaded with its own ticket, and a stop waits for it', async () => {
    const grant = grantOf({ record: true })
    await offer(grant, signed(grant), { upload: 'upload ticket' })
    expect(uploads).toEqual(['upload ticket'])
    let stopped = false
    const stop = access.stop().then(() => (stopped = true))
    await settle()
    expect(stopped).toBe(false)
    finishRecording()
    await stop
    expect(parts.restarts).toBe(0)
    await offer(grantOf())
    expect(refusals()).toEqual(['remote.occupied'])
  })
})

describe('a fresh ticket', () => {
  it('is asked for until it comes', async () => {
    const session = await offer(grantOf())
    const wanted = fresh?.()
    connected = false
    clock.advance(8_000)
    connected = true
    clock.advance(8_000)
    expect(said.slice(1)).toEqual([
      { type: 'sessionTicketWanted', session },
      { type: 'sessionTicketWanted', session },
    ])
    access.hear({ type: 'sessionTicket', session, ticket: 'second', relay: 'https://relay.example' })
    await expect(wanted).resolves.toEqual({ ticket: 'second', relay: 'https://relay.example' })
    const before = said.length
    clock.advance(60_000)
    expect(said).toHaveLength(before)
  })

  it('does not come for a session that is over', async () => {
    await offer(grantOf())
    const wanted = fresh?.()
    access.end('operatorEnded')
    await expect(wanted).rejects.toMatchObject({ code: 'remote.ended' })
    await expect(fresh?.()).rejects.toMatchObject({ code: 'remote.ended' })
    expect(clock.waiting).toBe(0)
  })
})
