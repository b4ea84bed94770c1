import { createPublicKey, verify } from 'node:crypto'
import { v7 as newId } from 'uuid'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  EnrolmentAnswer,
  enrolmentProof,
  type EnrolmentRequest,
  keyChangeProof,
  type SignedWord,
  signedWordProof,
  welcomeWord,
} from '../../contract/agent.ts'
import { Problem } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import { until } from '../../contract/testing/wait.ts'
import { system } from '../ground/store/transaction.ts'
import { enrolmentOf, enrolRaw, helloNonce, newKey, signed, TestDevice, type TestKey } from '../testing/agents/device.ts'
import { type Parts, startParts } from '../testing/agents/parts.ts'
import { enrolRooms, unenrolRooms } from './offboarding.ts'
import { thumbprintOf } from './proofs.ts'

/** Whose key counts: for a room that gets another, and for the words after which an agent is gone. */

let service: Parts

beforeEach(async () => {
  service = await startParts()
})
afterEach(async () => {
  await service.close()
})

const read = () => service.deps.store.read(service.tenant, 'wholeTenant')
const room = (device: TestDevice) => read().get('room', device.enrolment.room)
const enrol = (device: TestDevice) =>
  service.deps.store.write(service.tenant, system, (tx) => enrolRooms(service.deps.rooms, tx, [device.enrolment.room]))
const unenrol = (device: TestDevice) =>
  service.deps.store.write(service.tenant, system, (tx) => unenrolRooms(service.deps.rooms, tx, [device.enrolment.room]))
const audited = async () => {
  const rows = await read()
    .tables.audit()
    .select(['operation', 'objectName', 'detail', 'actor'])
    .where('category', '=', 'Device')
    .orderBy('number')
    .execute()
  return rows.map(({ detail, ...row }) => ({ ...row, detail: JSON.parse(detail) as unknown }))
}
const history = async (device: TestDevice) =>
  (await read().transitions(device.enrolment.room, { limit: 100 })).items.map(({ kind }) => kind).toReversed()

const installation = '018f0000-0000-7000-8000-000000000001'

/** What an installation sends that has `key` now; `former`: the key that signs for it. */
function again(key: TestKey, former?: TestKey, by = former): EnrolmentRequest {
  const proof = signed(key, enrolmentProof(installation, key.publicKey))
  const formerProof = former && by && signed(by, keyChangeProof(installation, former.publicKey, key.publicKey))
  return enrolmentOf(key, { installation, proof, ...(formerProof ? { formerProof } : {}) })
}

async function takeOver(key: TestKey, former?: TestKey, by = former): Promise<TestDevice> {
  const answer = EnrolmentAnswer.parse((await enrolRaw(service.url, again(key, former, by))).answer)
  return new TestDevice(service.url, key, answer)
}

/** A room that is enrolled, whose device is connected. */
async function watched(): Promise<TestDevice> {
  const device = await TestDevice.enrol(service.url, { installation })
  await device.connect()
  await enrol(device)
  return device
}

describe('another key for the same installation', () => {
  it('[ENR-3] that the key before has signed keeps the room as it is, and cuts the key before', async () => {
    const device = await watched()
    const moved = await takeOver(newKey(), device.key)
    expect(moved.enrolment).toEqual(device.enrolment)
    expect(await device.hears('error')).toMatchObject({ code: 'device.signature', retry: true })
    await device.ends()
    device.hello(await device.dial())
    expect(await device.hears('error')).toMatchObject({ code: 'device.signature', retry: true })
    expect((await moved.connect()).lifecycle).toBe('enrolled')
    expect(await history(device)).toContain('newKey')
    expect((await audited()).at(-1)).toMatchObject({
      operation: 'Update',
      objectName: 'Room 1',
      actor: null,
      detail: { action: 'device.newKey', proved: true, by: 'key', lifecycle: 'enrolled', ...ids(device) },
    })
  })

  it.each([
    ['nobody', () => [] as const],
    ['itself', (key: TestKey, device: TestDevice) => [device.key, key] as const],
    ['a stranger', (_: TestKey, device: TestDevice) => [device.key, newKey()] as const],
    ['the key before, for another one', (_: TestKey, device: TestDevice) => [newKey(), device.key] as const],
  ])('[ENR-3] that is signed by %s brings the room back to onboarding, where nothing is raised', async (_, by) => {
    const device = await watched()
    const key = newKey()
    const taken = await takeOver(key, ...by(key, device))
    await device.ends()
    expect((await room(device))?.lifecycle).toBe('onboarding')
    expect((await taken.connect()).lifecycle).toBe('onboarding')
    await taken.acknowledged(taken.report({ 'peripherals.camera': 'unhealthy' }))
    expect(await read().list('incident', { room: device.enrolment.room, limit: 10 })).toEqual([])
    expect(await history(device)).toContain('newKeyUnproved')
    expect((await audited()).at(-1)).toMatchObject({
      operation: 'Update',
      detail: { action: 'device.newKey', proved: false, lifecycle: 'onboarding', ...ids(device) },
    })
    await enrol(device)
    expect((await read().list('incident', { room: device.enrolment.room, limit: 10 })).length).toBe(1)
  })

  it('[ENR-3] of two that race for it, the later one is proved only by the earlier one', async () => {
    const device = await watched()
    const [one, other] = [newKey(), newKey()]
    await Promise.all([one, other].map((key) => takeOver(key, device.key)))
    expect((await room(device))?.lifecycle).toBe('onboarding')
    const acts = (await audited()).filter(({ operation }) => operation === 'Update').map(({ detail }) => detail)
    expect(acts).toMatchObject([{ proved: true }, { proved: false }])
  })

  it('[ENR-5] a key that was revoked signs for no other, and returns to onboarding itself', async () => {
    const device = await watched()
    device.say({ type: 'offboarded' })
    await device.ends()
    await until('the device to be revoked', async () => (await service.deps.store.deviceById(device.enrolment.device))?.state === 'revoked')
    expect((await room(device))?.lifecycle).toBe('enrolled')
    await takeOver(newKey(), device.key)
    expect((await room(device))?.lifecycle).toBe('onboarding')
    expect((await audited()).map(({ operation, detail }) => ({ operation, ...Object(detail) }))).toMatchObject([
      { operation: 'Create', action: 'device.enrol', by: 'key', ...ids(device) },
      { operation: 'Delete', action: 'device.revoke', why: 'offboarded', ...ids(device) },
      { operation: 'Update', action: 'device.newKey', proved: false, ...ids(device) },
    ])
  })

  it('[ENR-5] a device that is being off-boarded and enrols again is in onboarding, with a record', async () => {
    const device = await watched()
    await unenrol(device)
    await takeOver(device.key)
    expect((await room(device))?.lifecycle).toBe('onboarding')
    expect((await audited()).at(-1)).toMatchObject({
      operation: 'Create',
      detail: { action: 'device.enrol', lifecycle: 'onboarding', ...ids(device) },
    })
    expect(await history(device)).not.toContain('newKey')
  })

  it.each([
    ['another account', (token: (account: string) => Promise<string>) => token('room-one')],
    ['the self-enrolment key', () => undefined],
  ])('[ENR-1] that comes with the account of a room takes nothing that %s has let in, without the key before', async (_, first) => {
    const account = async (name: string): Promise<string> => `Bearer ${await service.accountToken(name)}`
    const key = newKey()
    const letIn = await enrolRaw(service.url, again(key), await first(account))
    const device = new TestDevice(service.url, key, EnrolmentAnswer.parse(letIn.answer))
    await enrol(device)
    const records = await audited()
    for (const former of [[], [key, newKey()]] as const) {
      const refused = await enrolRaw(service.url, again(newKey(), ...former), await account('room-two'))
      expect(Problem.parse(refused.answer).code).toBe('enrol.otherAccount')
    }
    expect((await device.connect()).lifecycle).toBe('enrolled')
    expect(await audited()).toEqual(records)
    // Nor once it was off-boarded; with the key before it may, and then it is that account's.
    const moved = newKey()
    expect((await enrolRaw(service.url, again(moved, key), await account('room-two'))).status).toBe(200)
    expect((await enrolRaw(service.url, again(newKey()), await account('room-one'))).status).toBe(403)
    await unenrol(device)
    expect((await enrolRaw(service.url, again(newKey()), await account('room-one'))).status).toBe(403)
    expect((await room(device))?.lifecycle).toBe('unenrolled')
    // Its own account, and the tenant's key, bring it back to onboarding.
    expect((await enrolRaw(service.url, again(newKey()), await account('room-two'))).status).toBe(200)
    expect((await room(device))?.lifecycle).toBe('onboarding')
    expect((await enrolRaw(service.url, again(newKey()))).status).toBe(200)
  })

  it('[rule 13] again and again is refused, with no record of it', async () => {
    await watched()
    const statuses: number[] = []
    for (let n = 0; n < limits.deviceComings + 2; n++) statuses.push((await enrolRaw(service.url, again(newKey()))).status)
    expect(statuses).toEqual([...Array.from({ length: limits.deviceComings }, () => 200), 429, 429])
    expect(await audited()).toHaveLength(1 + limits.deviceComings)
    expect((await enrolRaw(service.url, enrolmentOf(newKey()))).status).toBe(200)
  })

  it('[AUD-1] the same key again leaves no record', async () => {
    const device = await watched()
    await takeOver(device.key)
    expect(await audited()).toHaveLength(1)
    expect((await room(device))?.lifecycle).toBe('enrolled')
  })
})

describe('[ENR-3] the same key under another installation, since its files were lost', () => {
  const thumbprint = (key: TestKey) => thumbprintOf(key.publicKey)

  it.each([
    ['the self-enrolment key', () => undefined, { by: 'key' }],
    ['another account than the one that let it in', () => service.accountToken('room-two'), { by: 'account' }],
    ['its own key alone', (key: TestKey) => `DeviceKey ${thumbprint(key)}`, { by: 'own' }],
  ])('is the same device in the same room, as that is, with %s', async (_, credential, by) => {
    const device = await watched()
    const given = await credential(device.key)
    const authorization = given?.startsWith('DeviceKey') ? given : given && `Bearer ${given}`
    const lost = enrolmentOf(device.key)
    const back = await enrolRaw(service.url, lost, authorization)
    expect(back.answer).toEqual(device.enrolment)
    expect((await enrolRaw(service.url, lost, authorization)).answer).toEqual(device.enrolment)
    expect(await room(device)).toMatchObject({ lifecycle: 'enrolled', connected: true })
    expect(await read().count('room')).toBe(1)
    expect((await history(device)).filter((kind) => kind === 'reinstalled')).toHaveLength(1)
    expect((await audited()).slice(1)).toMatchObject([{ operation: 'Update', detail: { action: 'device.restore', ...by, ...ids(device) } }])
    expect((await device.connect()).lifecycle).toBe('enrolled')
  })

  it('is so where the tenant takes no keys in software any more', async () => {
    const device = await watched()
    await service.deps.store.write(service.tenant, system, async (tx) => {
      const settings = await tx.get('settings', service.tenant)
      if (settings) tx.put('settings', { ...settings, allowSoftwareKeys: false })
    })
    expect((await enrolRaw(service.url, enrolmentOf(device.key))).answer).toEqual(device.enrolment)
  })

  it('that was off-boarded is back in onboarding, with a credential only', async () => {
    const device = await watched()
    await unenrol(device)
    expect(Problem.parse((await enrolRaw(service.url, enrolmentOf(device.key), `DeviceKey ${thumbprint(device.key)}`)).answer).code).toBe(
      'device.unknown',
    )
    expect((await enrolRaw(service.url, enrolmentOf(device.key))).answer).toEqual(device.enrolment)
    expect((await room(device))?.lifecycle).toBe('onboarding')
  })

  it('is not given to whoever knows the public key only, nor for a key that nobody knows', async () => {
    const device = await watched()
    const stranger = newKey()
    const authorization = `DeviceKey ${thumbprint(device.key)}`
    const unproved = { ...enrolmentOf(stranger), publicKey: device.key.publicKey }
    expect(Problem.parse((await enrolRaw(service.url, unproved, authorization)).answer).code).toBe('enrol.proofInvalid')
    expect(Problem.parse((await enrolRaw(service.url, enrolmentOf(stranger), authorization)).answer).code).toBe('device.unknown')
    const unknown = `DeviceKey ${thumbprint(stranger)}`
    expect(Problem.parse((await enrolRaw(service.url, enrolmentOf(stranger), unknown)).answer).code).toBe('device.unknown')
    expect(await read().count('room')).toBe(1)
  })

  it('[rule 13] again and again is refused', async () => {
    const device = await watched()
    const statuses: number[] = []
    for (let n = 0; n < limits.deviceComings + 1; n++) statuses.push((await enrolRaw(service.url, enrolmentOf(device.key))).status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(limits.deviceComings)
    expect(statuses.at(-1)).toBe(429)
  })
})

const ids = ({ enrolment: { device, room: id } }: TestDevice) => ({ device, room: id })

describe('signed words', () => {
  const isSigned = (device: TestDevice, word: SignedWord, signature: string | undefined) => {
    const { sessionKey, service: name, device: id } = device.enrolment
    if (!sessionKey) throw new Error('the enrolment gave no key')
    const key = createPublicKey({ key: { ...sessionKey }, format: 'jwk' })
    return verify(null, Buffer.from(signedWordProof(word, helloNonce, name, id)), key, Buffer.from(signature ?? '', 'base64url'))
  }

  it('[ENR-5] are signed over the device and its nonce, on a connection that stands and on a later one', async () => {
    const device = await watched()
    await unenrol(device)
    expect(isSigned(device, 'offboard', (await device.hears('offboard')).signature)).toBe(true)
    device.drop()
    device.hello(await device.dial())
    expect(isSigned(device, 'offboard', (await device.hears('offboard')).signature)).toBe(true)
    device.say({ type: 'offboarded' })
    await device.ends()
    await until('the device to be revoked', async () => (await service.deps.store.deviceById(device.enrolment.device))?.state === 'revoked')
    device.hello(await device.dial())
    const { code, retry, signature } = await device.hears('error')
    expect({ code, retry }).toEqual({ code: 'device.unknown', retry: false })
    expect(isSigned(device, 'error device.unknown', signature)).toBe(true)
  })

  it('[INC-2] a welcome is signed with the journal and all that it says', async () => {
    const device = await watched()
    const { type: _, signature, ...says } = await device.connect()
    expect(isSigned(device, welcomeWord(device.journal, says), signature)).toBe(true)
    expect(isSigned(device, welcomeWord(device.journal, { ...says, acknowledged: says.acknowledged + 1 }), signature)).toBe(false)
  })

  it('[ENR-3] are not said to whoever names a device and has not proved to be it', async () => {
    const device = await watched()
    await unenrol(device)
    await device.hears('offboard')
    const stranger = new TestDevice(service.url, newKey(), device.enrolment)
    stranger.hello(await stranger.dial())
    expect(await stranger.hears('error')).toEqual({ type: 'error', code: 'device.signature', retry: true })
    stranger.hello(await stranger.dial(), stranger.key, { device: newId() })
    expect(await stranger.hears('error')).toEqual({ type: 'error', code: 'device.unknown', retry: true })
    stranger.hello(await stranger.dial(), stranger.key, { versions: [99] })
    expect(await stranger.hears('error')).toEqual({ type: 'error', code: 'device.signature', retry: true })
  })

  it('a version that is not spoken here is no final word', async () => {
    const device = await watched()
    device.hello(await device.dial(), device.key, { versions: [99] })
    expect(await device.hears('error')).toEqual({ type: 'error', code: 'device.version', retry: true })
  })

  it('are said without a signature to an agent from before there were any', async () => {
    const device = await watched()
    device.drop()
    await unenrol(device)
    device.hello(await device.dial(), device.key, { nonce: undefined })
    expect(await device.hears('offboard')).toEqual({ type: 'offboard' })
  })
})
