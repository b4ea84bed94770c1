import { createPrivateKey, createSign, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { DevicePublicKey } from '../agent.ts'
import { DeviceId } from '../ids.ts'
import { limits } from '../limits.ts'
import { sessionGrantType } from '../remote.ts'
import { grantHash, type GrantRules, isDeviceHalf, proofOf, readGrant, verifyGrant } from './grant.ts'
import { agree, makePair } from './keys.ts'
import { makeGrant, makeSigner, signGrant } from './testing/grants.ts'

const signer = await makeSigner()
const other = await makeSigner()
const grant = makeGrant(makePair().publicKey)
const rules: GrantRules = { key: signer.publicKey, service: grant.iss, device: grant.device, now: Date.now() }
const base64url = (text: string): string => Buffer.from(text).toString('base64url')

describe('a grant', () => {
  it('that the service signed counts', async () => {
    expect(verifyGrant(await signGrant(grant, signer), rules)).toEqual(grant)
    expect(readGrant(await signGrant(grant, other))).toEqual(grant)
  })

  it.each([
    ['that another key signed', () => signGrant(grant, other), /not signed/],
    ['of another type', () => signGrant(grant, signer, { typ: 'roomkeeper-relay+jwt' }), /another type/],
    ['of another service', () => signGrant({ ...grant, iss: 'other' }, signer), /another service/],
    ['for another device', () => signGrant({ ...grant, device: v7() }, signer), /another device/],
    ['that has expired', () => signGrant({ ...grant, exp: Math.floor(Date.now() / 1000) - 1 }, signer), /expired/],
    ['that lasts too long', () => signGrant({ ...grant, exp: grant.iat + limits.sessionMaximumMs / 1000 + 1 }, signer), /too long/],
    ['that lets a viewer open a terminal', () => signGrant({ ...grant, mode: 'view' }, signer), /viewer/],
    ['that says more than a grant', () => signGrant({ ...grant, more: true }, signer), /does not say/],
    ['that says less', () => signGrant({ sid: grant.sid }, signer), /does not say/],
    ['that is too long to be read', () => signGrant({ ...grant, iss: 'x'.repeat(limits.grantChars) }, signer), /malformed/],
  ])('%s does not', async (_, make, why) => {
    const text = await make()
    expect(() => verifyGrant(text, rules)).toThrow(why)
    expect(() => verifyGrant(text, rules)).toThrow(expect.objectContaining({ code: 'remote.refused' }))
  })

  it.each(['none', 'HS256', 'ES256', 'eddsa', ''])('with the algorithm "%s" does not, whatever its signature is', (alg) => {
    const signed = `${base64url(JSON.stringify({ alg, typ: sessionGrantType }))}.${base64url(JSON.stringify(grant))}`
    const { kty, crv, x, d } = signer.privateKey
    const privateKey = createPrivateKey({
      key: { ...(kty && { kty }), ...(crv && { crv }), ...(x && { x }), ...(d && { d }) },
      format: 'jwk',
    })
    expect(() => verifyGrant(`${signed}.`, rules)).toThrow(/malformed/)
    expect(() => verifyGrant(`${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`, rules)).toThrow(
      /another type/,
    )
  })

  it.each(['', 'a.b', 'a.b.c', 'a.b.c.d', `${'a'.repeat(86)}.b.${'c'.repeat(86)}`, 'ä.b.c', '.'.repeat(limits.grantChars + 1)])(
    'of nonsense does not',
    (text) => {
      expect(() => verifyGrant(text, rules)).toThrow(expect.objectContaining({ code: 'remote.refused' }))
      expect(() => readGrant(text)).toThrow(expect.objectContaining({ code: 'remote.refused' }))
    },
  )

  it('with a changed letter anywhere in its claims does not', async () => {
    const text = await signGrant(grant, signer)
    const [header = '', claims = '', signature = ''] = text.split('.')
    for (let at = 0; at < claims.length; at += 7) {
      const changed = claims.slice(0, at) + (claims[at] === 'A' ? 'B' : 'A') + claims.slice(at + 1)
      expect(() => verifyGrant(`${header}.${changed}.${signature}`, rules)).toThrow(/not signed/)
    }
  })
})

describe("the device's half", () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const enrolled = DevicePublicKey.parse(publicKey.export({ format: 'jwk' }))
  const half = (text: string, key: string, by: KeyObject = privateKey) => ({
    key,
    signature: createSign('sha256').update(proofOf(text, key)).sign({ key: by, dsaEncoding: 'ieee-p1363' }, 'base64url'),
  })

  it('is signed by the enrolled key, for this grant, and with this key', async () => {
    const text = await signGrant(grant, signer)
    const again = await signGrant({ ...grant, sid: v7() }, signer)
    const [pair, stranger] = [makePair(), makePair()]
    const true_ = half(text, pair.publicKey)
    expect(isDeviceHalf(true_, text, enrolled)).toBe(true)
    expect(isDeviceHalf(true_, again, enrolled)).toBe(false)
    expect(isDeviceHalf({ ...true_, key: stranger.publicKey }, text, enrolled)).toBe(false)
    expect(isDeviceHalf(half(text, pair.publicKey, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey), text, enrolled)).toBe(
      false,
    )
    expect(isDeviceHalf({ ...true_, signature: 'A'.repeat(86) }, text, enrolled)).toBe(false)
    expect(isDeviceHalf(true_, text, { ...enrolled, x: enrolled.y })).toBe(false)
    expect(isDeviceHalf(true_, 'nonsense', enrolled)).toBe(false)
  })

  it('names the session and the hash of the grant', async () => {
    const text = await signGrant(grant, signer)
    expect(proofOf(text, 'key').split('\n')).toEqual(['roomkeeper session 1', grant.sid, grantHash(text), 'key'])
    expect(grantHash('')).toBe('47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU')
  })
})

describe('the keys of a session', () => {
  const head = Buffer.from('head')
  const plain = Buffer.from('plain text')
  const pairs = () => ({ operator: makePair(), device: makePair() })
  const bothOf = async (more: object = {}, { operator, device } = pairs()) => {
    const text = await signGrant(makeGrant(operator.publicKey, { sid: grant.sid, device: DeviceId.parse(grant.device), ...more }), signer)
    return {
      operator: agree({ side: 'operator', privateKey: operator.privateKey, peerKey: device.publicKey, grant: text }),
      device: agree({ side: 'device', privateKey: device.privateKey, peerKey: operator.publicKey, grant: text }),
    }
  }
  const sealed = (seal: (number: number, head: Uint8Array, plain: Uint8Array, into: Uint8Array) => void, number = 1) => {
    const into = Buffer.alloc(plain.length + 16)
    seal(number, head, plain, into)
    return into
  }

  it('are the same at both ends, for each direction and purpose others', async () => {
    const { operator, device } = await bothOf()
    expect(operator.session).toBe(grant.sid)
    const made = [sealed(operator.seal), sealed(operator.sealGreeting), sealed(device.seal), sealed(device.sealGreeting)]
    const opens = [device.open, device.openGreeting, operator.open, operator.openGreeting]
    for (const [from, bytes] of made.entries()) {
      for (const [to, open] of opens.entries()) {
        if (from === to) expect(Buffer.from(open(1, head, bytes)).toString()).toBe('plain text')
        else expect(() => open(1, head, bytes)).toThrow()
      }
    }
  })

  it('open only what was sealed: number, head, and every byte', async () => {
    const { operator, device } = await bothOf()
    const bytes = sealed(operator.seal, 2 ** 32 + 5)
    expect(Buffer.from(device.open(2 ** 32 + 5, head, bytes))).toEqual(plain)
    for (const number of [5, 1, 2 ** 33 + 5, 2 ** 32 + 4]) expect(() => device.open(number, head, bytes)).toThrow()
    expect(() => device.open(2 ** 32 + 5, Buffer.from('Head'), bytes)).toThrow()
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(() => device.open(2 ** 32 + 5, head, changed)).toThrow()
    }
    for (let length = 0; length < bytes.length; length++) expect(() => device.open(2 ** 32 + 5, head, bytes.subarray(0, length))).toThrow()
  })

  it('are others for another grant between the same two', async () => {
    const same = pairs()
    const [one, two] = [await bothOf({}, same), await bothOf({ mode: 'view', terminal: false }, same)]
    expect(() => two.device.open(1, head, sealed(one.operator.seal))).toThrow()
  })

  it('never seal two numbers alike', async () => {
    const { operator } = await bothOf()
    const made = new Set(Array.from({ length: 1_000 }, (_, at) => sealed(operator.seal, at + 1).toString('hex')))
    expect(made.size).toBe(1_000)
  })

  it('are refused for a grant that names another key, and for a key that makes every secret the same', async () => {
    const { operator, device } = pairs()
    const text = await signGrant(makeGrant(device.publicKey), signer)
    const refused = expect.objectContaining({ code: 'remote.refused' })
    expect(() => agree({ side: 'operator', privateKey: operator.privateKey, peerKey: device.publicKey, grant: text })).toThrow(refused)
    // Points of small order, as RFC 7748 warns of.
    const worthless = [
      '00'.repeat(32),
      `01${'00'.repeat(31)}`,
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
      '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    ]
    for (const hex of worthless) {
      const peerKey = Buffer.from(hex, 'hex').toString('base64url')
      const own = await signGrant(makeGrant(operator.publicKey), signer)
      expect(() => agree({ side: 'operator', privateKey: operator.privateKey, peerKey, grant: own })).toThrow(refused)
    }
    expect(() => agree({ side: 'operator', privateKey: operator.privateKey, peerKey: 'short', grant: text })).toThrow(refused)
  })
})
