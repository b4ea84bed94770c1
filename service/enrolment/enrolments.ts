import type { z } from 'zod'
import { type DevicePublicKey, enrolmentProof, type EnrolmentRequest, keyChangeProof } from '../../contract/agent.ts'
import { defaultSettings, type Place, type RoomDevice } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { DeviceId, RoomId, type TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { isTimeZone } from '../../contract/timeZone.ts'
import { Bucket } from '../ground/bucket.ts'
import type { RateLimit } from '../ground/rateLimit.ts'
import type { DeviceTable } from '../ground/store/tables.ts'
import { system, type TenantTransaction } from '../ground/store/transaction.ts'
import { remoteOf } from '../incidents/apply.ts'
import type { IncidentDeps } from '../incidents/deps.ts'
import { auditDevice, type EnrolledBy } from './deviceAudit.ts'
import { digestOfKey } from './keys.ts'
import { OnboardingRooms } from './onboarding.ts'
import { isSignedBy, storedKey, thumbprintOf } from './proofs.ts'

type Enrolment = z.output<typeof EnrolmentRequest>

/** By what a device may enrol: the tenant's key, or the signed-in account of its room (ENR-1); or its own key, where that is known. */
export interface EnrolmentCredential {
  readonly tenant: TenantId
  /** A room's account: its object id, its address, and the room's name. */
  readonly account?: { readonly id: string; readonly email: string; readonly roomName: string }
  /** SHA-256 of the key that was used, checked again inside the transaction: a reset one stops at once. */
  readonly keyDigest?: string
  /** Nothing but the device's own key, which gives back what it had and lets in nothing new. */
  readonly own?: boolean
}

/**
 * Reads `Authorization: EnrolmentKey …`, `Bearer …` or `DeviceKey …`.
 * @throws auth.missing, enrol.keyInvalid, enrol.accountInvalid, device.unknown; rate.limited, counted by key or account once it is known.
 */
export async function readCredential(
  deps: Pick<IncidentDeps, 'store' | 'access'>,
  rate: RateLimit,
  header: string | undefined,
): Promise<EnrolmentCredential> {
  const [scheme, secret] = header?.split(' ', 2) ?? []
  if (!scheme || !secret)
    throw new RoomkeeperError('auth.missing', { detail: 'Send the self-enrolment key, or the token of the room account.' })
  if (scheme.toLowerCase() === 'bearer') {
    const { tenant, id, name, email } = await deps.access.authenticateRoomAccount(secret)
    return { tenant, account: { id, email, roomName: name } }
  }
  if (scheme.toLowerCase() === 'devicekey') {
    const known = await deps.store.deviceByThumbprint(secret)
    if (!known) throw new RoomkeeperError('device.unknown')
    rate.take(secret)
    return { tenant: known.tenant, own: true }
  }
  if (scheme.toLowerCase() !== 'enrolmentkey') throw new RoomkeeperError('auth.missing')
  const keyDigest = digestOfKey(secret)
  const found = await deps.store.enrolmentKeyByDigest(keyDigest)
  if (!found) throw new RoomkeeperError('enrol.keyInvalid')
  rate.take(keyDigest)
  return { tenant: found.tenant, keyDigest }
}

/** What an enrolment led to. `fresh`: a room or device is new, or back in onboarding. */
export interface Enrolled {
  readonly room: RoomId
  readonly device: DeviceId
  readonly fresh: boolean
}

interface Waiting {
  readonly credential: EnrolmentCredential
  readonly request: Enrolment
  readonly thumbprint: string
  readonly done: (result: Enrolled) => void
  readonly failed: (error: unknown) => void
}

/** Enrolments; those that come together are committed together (ENR-8: a thousand at once). */
export class Enrolments {
  readonly #deps: Pick<IncidentDeps, 'store' | 'rooms' | 'turn'>
  #waiting: Waiting[] = []
  #working = false
  readonly #comings = new Comings()

  constructor(deps: Pick<IncidentDeps, 'store' | 'rooms' | 'turn'>) {
    this.#deps = deps
  }

  /**
   * Enrols one device (ENR-3, ENR-4): it proves that it holds its key, and a room in onboarding appears. The same
   * installation with the same key again gets the same answer. An installation that comes back with another key, or after it
   * was off-boarded, keeps its room, and so the numbers of its incidents; but the room goes back to onboarding, where it
   * raises nothing and nobody works remotely, unless the key that it has now has signed the other. A room's account brings back
   * without that only what it let in itself; the tenant's key, whatever there is. Each leaves a record in the audit, and another
   * key is in the room's history. A key that is known and whole is the same device, whatever its files have lost: it is given its
   * room back as it is (decision 0046).
   * @throws device.unknown, enrol.proofInvalid, enrol.softwareKeyRefused, enrol.keyInvalid, enrol.deviceKnown, enrol.otherAccount,
   * enrol.tooMany; rate.limited for an installation that comes with another key again and again.
   */
  async enrol(credential: EnrolmentCredential, request: Enrolment): Promise<Enrolled> {
    const { installation, publicKey, proof } = request
    if (!isSignedBy(publicKey, enrolmentProof(installation, publicKey), proof)) throw new RoomkeeperError('enrol.proofInvalid')
    const thumbprint = thumbprintOf(publicKey)
    return new Promise((done, failed) => {
      this.#waiting.push({ credential, request, thumbprint, done, failed })
      if (!this.#working) void this.#work()
    })
  }

  async #work(): Promise<void> {
    this.#working = true
    while (this.#waiting.length > 0) {
      // One turn of the loop: requests that were received meanwhile join.
      await this.#deps.turn()
      const { tenant } = this.#waiting[0]?.credential ?? {}
      if (tenant === undefined) break
      const together = this.#waiting.filter(({ credential }) => credential.tenant === tenant).slice(0, limits.enrolmentsTogether)
      this.#waiting = this.#waiting.filter((one) => !together.includes(one))
      await this.#commit(tenant, together)
    }
    this.#working = false
  }

  async #commit(tenant: TenantId, together: readonly Waiting[]): Promise<void> {
    const { store, rooms } = this.#deps
    try {
      const results = await store.write(tenant, system, async (tx) => {
        const found: (() => void)[] = []
        const onboarding = new OnboardingRooms(tx)
        for (const one of together) found.push(await attempt({ ...this.#deps, comings: this.#comings }, tx, onboarding, one))
        await rooms.within(tx).flush()
        return found
      })
      for (const tell of results) tell()
    } catch (error) {
      // Nothing of it was committed; whose fault it was shows when each is alone.
      if (together.length === 1) together[0]?.failed(error)
      else for (const one of together) await this.#commit(tenant, [one])
    }
  }
}

/** How often installations that are known come with another key, or anew: each time costs a record that is never deleted early. */
class Comings {
  readonly #known = new Map<DeviceId, Bucket>()

  /** @throws RoomkeeperError rate.limited */
  take(device: DeviceId, at: number): void {
    for (const [id, bucket] of this.#known) if (bucket.isFull(at)) this.#known.delete(id)
    const bucket = this.#known.get(device) ?? new Bucket(limits.deviceComings, limits.deviceComingMs, at)
    const left = bucket.left(at)
    if (left < 1)
      throw new RoomkeeperError('rate.limited', { params: { retryAfter: Math.ceil(((1 - left) * limits.deviceComingMs) / 1000) } })
    bucket.spend(1, at)
    this.#known.set(device, bucket)
  }
}

type Deps = Pick<IncidentDeps, 'store' | 'rooms'> & { readonly comings: Comings }

/** A refusal comes before anything is written, so it leaves the others' work alone. */
async function attempt(deps: Deps, tx: TenantTransaction, onboarding: OnboardingRooms, one: Waiting): Promise<() => void> {
  try {
    const result = await enrol(deps, tx, onboarding, one)
    return () => one.done(result)
  } catch (error) {
    if (error instanceof RoomkeeperError) return () => one.failed(error)
    throw error
  }
}

async function enrol(
  deps: Deps,
  tx: TenantTransaction,
  onboarding: OnboardingRooms,
  { credential, request, thumbprint }: Waiting,
): Promise<Enrolled> {
  if (credential.keyDigest !== undefined) {
    const current = await tx.tables.enrolmentKey().select('digest').executeTakeFirst()
    if (current?.digest !== credential.keyDigest) throw new RoomkeeperError('enrol.keyInvalid')
  }
  const byInstallation = await tx.tables.device().selectAll().where('installation', '=', request.installation).executeTakeFirst()
  // The thumbprint is unique over all tenants, and what another tenant has is nothing to speak of here.
  const own = await tx.tables.device().selectAll().where('thumbprint', '=', thumbprint).executeTakeFirst()
  const holder = own ?? (await deps.store.deviceByThumbprint(thumbprint))
  if (holder && (!own || (byInstallation && byInstallation.id !== own.id))) throw new RoomkeeperError('enrol.deviceKnown')
  const by: EnrolledBy = credential.own
    ? { by: 'own' }
    : credential.account === undefined
      ? { by: 'key' }
      : { by: 'account', account: credential.account.email }
  const known = own ?? byInstallation
  if (known?.thumbprint === thumbprint && known.state === 'active') return giveBack(deps, tx, known, request, by)
  if (credential.own) throw new RoomkeeperError('device.unknown')
  const settings = (await tx.get('settings', tx.tenant)) ?? defaultSettings
  if (request.keyProtection === 'software' && !settings.allowSoftwareKeys) throw new RoomkeeperError('enrol.softwareKeyRefused')
  const account = credential.account?.id ?? null
  if (known) return enrolAgain(deps, tx, onboarding, { request, thumbprint, known, by, account })
  await onboarding.add(account)
  const device = DeviceId.parse(tx.ids())
  const room = RoomId.parse(tx.ids())
  await tx.insert
    .device({
      id: device,
      room,
      installation: request.installation,
      thumbprint,
      publicKey: JSON.stringify(request.publicKey),
      state: 'active',
      account,
      enrolledAt: tx.at,
      offboardingSince: null,
    })
    .execute()
  const work = deps.rooms.within(tx)
  const name = credential.account?.roomName || request.room.name || request.facts.serial || 'Room'
  auditDevice(tx, { action: 'device.enrol', ...by }, { device, room, name })
  await work.create({
    id: room,
    name,
    place: placeOf(request),
    onboardedAt: tx.at,
    inCall: request.facts.inCall,
    device: deviceOf(device, request),
  })
  return { room, device, fresh: true }
}

/** The key is the device: what it was is what it is, and only another installation is worth a record. @throws rate.limited */
async function giveBack(
  { rooms, comings }: Pick<Deps, 'rooms' | 'comings'>,
  tx: TenantTransaction,
  { id: device, room, installation: before }: DeviceTable,
  { installation }: Enrolment,
  by: EnrolledBy,
): Promise<Enrolled> {
  if (installation === before) return { room, device, fresh: false }
  comings.take(device, tx.at)
  await tx.update.device().where('id', '=', device).set({ installation }).execute()
  const work = rooms.within(tx)
  await work.load([room])
  work.note(room, { kind: 'reinstalled', at: tx.at })
  auditDevice(tx, { action: 'device.restore', ...by }, { device, room, name: work.room(room).base.name })
  return { room, device, fresh: false }
}

interface Again {
  readonly request: Enrolment
  readonly thumbprint: string
  readonly known: DeviceTable
  readonly by: EnrolledBy
  readonly account: string | null
}

async function enrolAgain(
  { rooms, comings }: Pick<Deps, 'rooms' | 'comings'>,
  tx: TenantTransaction,
  onboarding: OnboardingRooms,
  again: Again,
): Promise<Enrolled> {
  const { request, thumbprint, known, by, account } = again
  const { id: device, room } = known
  const sameKey = known.thumbprint === thumbprint
  // A key that was off-boarded says nothing for another, nor for itself.
  const proved = known.state === 'active' && provesChange(storedKey(known.publicKey), request)
  // Each room has an account, so one of them is no word for what another has let in, or the tenant's key.
  if (!sameKey && !proved && account !== null && account !== known.account) throw new RoomkeeperError('enrol.otherAccount')
  comings.take(device, tx.at)
  const work = rooms.within(tx)
  await work.load([room])
  const returns = !proved && work.room(room).state.lifecycle !== 'onboarding'
  if (returns) await onboarding.add(account)
  await tx.update
    .device()
    .where('id', '=', device)
    .set({
      installation: request.installation,
      thumbprint,
      publicKey: JSON.stringify(request.publicKey),
      state: 'active',
      account,
      offboardingSince: null,
      // A room that is in onboarding waits since it came there, however many keys it has had since.
      ...(returns ? { enrolledAt: tx.at } : {}),
    })
    .execute()
  // Whoever is connected with the key before is cut off.
  if (!sameKey) tx.publish('device', { tenant: tx.tenant, device, change: { type: 'newKey' } })
  work.rebase(room, { device: deviceOf(device, request), inCall: request.facts.inCall })
  if (!sameKey) work.note(room, { kind: proved ? 'newKey' : 'newKeyUnproved', at: tx.at })
  if (returns) work.take(room, { type: 'lifecycle', lifecycle: 'onboarding' })
  const {
    base,
    state: { lifecycle: now },
  } = work.room(room)
  auditDevice(
    tx,
    sameKey ? { action: 'device.enrol', lifecycle: now, ...by } : { action: 'device.newKey', proved, lifecycle: now, ...by },
    { device, room, name: base.name },
  )
  return { room, device, fresh: true }
}

const provesChange = (former: DevicePublicKey, { installation, publicKey, formerProof }: Enrolment): boolean =>
  formerProof !== undefined && isSignedBy(former, keyChangeProof(installation, former, publicKey), formerProof)

function placeOf({ room: { place } }: Enrolment): Place {
  return { ...place, timeZone: isTimeZone(place.timeZone) ? place.timeZone : 'UTC' }
}

function deviceOf(id: DeviceId, { profile, keyProtection, facts: { inCall: _, remote, ...facts } }: Enrolment): RoomDevice {
  return { id, profile, keyProtection, keyEvidence: 'claimed', ...facts, ...(remote ? { remote: remoteOf(remote) } : {}) }
}
