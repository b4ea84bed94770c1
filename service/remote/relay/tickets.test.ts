import { SignJWT, importJWK } from 'jose'
import { v7 } from 'uuid'
import { beforeAll, describe, expect, it } from 'vitest'
import { RelayId, relayTicketType } from '../../../contract/relay.ts'
import { systemAt } from '../../../contract/testing/system.ts'
import { type Keys, makeKeys, newDevice, newSession } from '../../testing/relay/relay.ts'
import { signTicket, type TicketRequest, Tickets } from './tickets.ts'

const relay = RelayId.parse('this relay')
const start = 1_800_000_000_500
const request = (): TicketRequest => ({
  aud: relay,
  sid: newSession(),
  side: 'operator',
  device: newDevice(),
  jti: v7(),
  lifeMs: 20_000,
  idleMs: 60_000,
  maximumMs: 600_000,
})

let keys: Keys
let others: Keys
let at = start
beforeAll(async () => {
  keys = await makeKeys()
  others = await makeKeys()
})
const check = (remembered?: number) => {
  at = start
  return new Tickets({ relay, key: keys.publicKey, ...systemAt(() => at), ...(remembered === undefined ? {} : { remembered }) })
}
const refused = (code: string) => ({ code })

describe('[REM-7] a ticket', () => {
  it('says what the service said', async () => {
    const asked = request()
    const { lifeMs, idleMs, maximumMs, ...bound } = asked
    const ticket = await check().check(await signTicket(keys.privateKey, asked, start))
    expect(ticket).toEqual({ ...bound, iat: start / 1000, exp: (start + lifeMs) / 1000, idle: idleMs / 1000, maximum: maximumMs / 1000 })
  })

  it('counts once, and is forgotten when it would be refused anyway', async () => {
    const tickets = check()
    const text = await signTicket(keys.privateKey, request(), start)
    tickets.use(await tickets.check(text))
    const again = await tickets.check(text)
    expect(() => tickets.use(again)).toThrow(expect.objectContaining(refused('relay.ticketUsed')))
    at += 24_000
    tickets.forget()
    expect(tickets.remembered).toBe(1)
    at += 3_000
    tickets.forget()
    expect(tickets.remembered).toBe(0)
    await expect(tickets.check(text)).rejects.toMatchObject(refused('relay.ticketExpired'))
  })

  it('is refused where no more can be remembered, and taken when others have expired', async () => {
    const tickets = check(1)
    tickets.use(await tickets.check(await signTicket(keys.privateKey, request(), at)))
    const second = await tickets.check(await signTicket(keys.privateKey, request(), at))
    expect(() => tickets.use(second)).toThrow(expect.objectContaining(refused('relay.full')))
    at += 30_000
    tickets.use(await tickets.check(await signTicket(keys.privateKey, request(), at)))
    expect(tickets.remembered).toBe(1)
  })

  it('lives a little longer where clocks differ, and not more', async () => {
    const tickets = check()
    const text = await signTicket(keys.privateKey, request(), start)
    at += 24_000
    await tickets.check(text)
    at += 2_000
    await expect(tickets.check(text)).rejects.toMatchObject(refused('relay.ticketExpired'))
  })

  it('from before the relay started may have been used with the one before it', async () => {
    await expect(check().check(await signTicket(keys.privateKey, request(), start - 1))).rejects.toMatchObject(
      refused('relay.ticketExpired'),
    )
  })

  const signed = async (claims: object, header: object = {}) =>
    new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'EdDSA', typ: relayTicketType, ...header })
      .sign(await importJWK(keys.privateKey, 'EdDSA'))
  const claims = () => {
    const { lifeMs, idleMs, maximumMs, ...bound } = request()
    return { ...bound, iat: start / 1000, exp: (start + lifeMs) / 1000, idle: idleMs / 1000, maximum: maximumMs / 1000 }
  }
  const none = () =>
    [{ alg: 'none', typ: relayTicketType }, claims()].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const { sid: _, ...withoutSession } = request()

  it.each<[string, () => string | Promise<string>]>([
    ['for another relay', () => signTicket(keys.privateKey, { ...request(), aud: RelayId.parse('another') }, start)],
    ['signed by another key', () => signTicket(others.privateKey, request(), start)],
    ['unsigned', () => `${none()}.`],
    ['whose signature was cut off', async () => (await signed(claims())).replace(/[^.]+$/, '')],
    ['that is another token of the service', () => signed(claims(), { typ: 'JWT' })],
    ['that lives too long', () => signed({ ...claims(), exp: start / 1000 + 61 })],
    ['that never expires', () => signed({ ...claims(), exp: undefined })],
    ['of tomorrow', () => signTicket(keys.privateKey, request(), start + 86_400_000)],
    ['for a side that does not exist', () => signed({ ...claims(), side: 'both' })],
    ['without a session', () => signed({ ...withoutSession, iat: start / 1000, exp: start / 1000 + 5, idle: 5, maximum: 5 })],
    ['with claims that nobody knows', () => signed({ ...claims(), admin: true })],
    ['for a session without end', () => signed({ ...claims(), maximum: 1e9 })],
    ['too long to be one', () => 'x'.repeat(5_000)],
    ['that is no token', () => 'ticket'],
  ])('%s is refused', async (_, make) => {
    await expect(check().check(await make())).rejects.toMatchObject(refused('relay.ticketInvalid'))
  })
})
