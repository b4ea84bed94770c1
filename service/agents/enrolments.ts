import { createHash } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import { v7 } from 'uuid'
import { type EnrolmentAnswer, enrolmentProof, EnrolmentRequest } from '../../contract/agent.ts'
import { defaultSettings, type Place, type RoomDevice } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { DeviceId, RoomId, type TenantId } from '../../contract/ids.ts'
import type { z } from 'zod'
import type { ServiceDeps } from '../deps.ts'
import type { RateLimit } from '../http/rateLimit.ts'
import type { DeviceTable } from '../store/tables.ts'
import { system, type TenantTransaction } from '../store/transaction.ts'
import { isSignedBy } from './proofs.ts'

type Enrolment = z.output<typeof EnrolmentRequest>

/** By what a device may enrol: the tenant's key, or the signed-in account of its room (ENR-1). */
export interface EnrolmentCredential {
  readonly tenant: TenantId
  /** A room account brings the room's name. */
  readonly roomName?: string
  /** SHA-256 of the key that was used, checked again inside the transaction: a reset one stops at once. */
  readonly keyDigest?: string
}

export const digestOfKey = (key: string): string => createHash('sha256').update(key).digest('base64url')

/**
 * Reads `Authorization: EnrolmentKey …` or `Bearer …`.
 * @throws auth.missing, enrol.keyInvalid, enrol.accountInvalid; rate.limited, counted by key or token.
 */
export async function readCredential(deps: Pick<ServiceDeps, 'store' | 'access'>, rate: RateLimit, header: string | undefined): Promise<EnrolmentCredential> {
  const [scheme, secret] = header?.split(' ', 2) ?? []
  if (!scheme || !secret) throw new RoomkeeperError('auth.missing', { detail: 'Send the self-enrolment key, or the token of the room account.' })
  rate.take(secret)
  if (scheme.toLowerCase() === 'bearer') {
    const { tenant, name } = await deps.access.authenticateRoomAccount(secret)
    return { tenant, roomName: name }
  }
  if (scheme.toLowerCase() !== 'enrolmentkey') throw new RoomkeeperError('auth.missing')
  const keyDigest = digestOfKey(secret)
  const found = await deps.store.enrolmentKeyByDigest(keyDigest)
  if (!found) throw new RoomkeeperError('enrol.keyInvalid')
  return { tenant: found.tenant, keyDigest }
}

/** What an enrolment led to. `fresh`: a room or device is new, or back in onboarding. */
export interface Enrolled {
  readonly answer: EnrolmentAnswer
  readonly fresh: boolean
}

/**
 * Enrols one device (ENR-3, ENR-4): it proves that it holds its key, and a room in onboarding appears. The same
 * installation with the same key again gets the same answer. An installation that comes back with another key (a
 * re-imaged device), or after it was unenrolled, keeps its room, and so the numbers of its incidents.
 * @throws enrol.proofInvalid, enrol.softwareKeyRefused, enrol.keyInvalid, enrol.deviceKnown.
 */
export async function enrolDevice(deps: ServiceDeps, credential: EnrolmentCredential, request: Enrolment): Promise<Enrolled> {
  const { installation, publicKey, proof } = request
  if (!isSignedBy(publicKey, enrolmentProof(installation, publicKey), proof)) throw new RoomkeeperError('enrol.proofInvalid')
  const thumbprint = await calculateJwkThumbprint(publicKey)
  const { room, device, fresh } = await deps.store.write(credential.tenant, system, (tx) => enrol(deps, tx, credential, request, thumbprint))
  return { answer: { device, room, service: deps.serviceName }, fresh }
}

async function enrol(deps: ServiceDeps, tx: TenantTransaction, credential: EnrolmentCredential, request: Enrolment, thumbprint: string) {
  if (credential.keyDigest !== undefined) {
    const current = await tx.tables.enrolmentKey().select('digest').executeTakeFirst()
    if (current?.digest !== credential.keyDigest) throw new RoomkeeperError('enrol.keyInvalid')
  }
  const settings = (await tx.get('settings', tx.tenant)) ?? defaultSettings
  if (request.keyProtection === 'software' && !settings.allowSoftwareKeys) throw new RoomkeeperError('enrol.softwareKeyRefused')
  const known = await tx.tables.device().selectAll().where('installation', '=', request.installation).executeTakeFirst()
  // The thumbprint is unique over all tenants, and what another tenant has is nothing to speak of here.
  const holder = await deps.store.deviceByThumbprint(thumbprint)
  if (holder && holder.id !== known?.id) throw new RoomkeeperError('enrol.deviceKnown')
  if (known) return enrolAgain(deps, tx, request, thumbprint, known)
  const device = DeviceId.parse(v7())
  const room = RoomId.parse(v7())
  await tx.insert
    .device({
      id: device,
      room,
      installation: request.installation,
      thumbprint,
      publicKey: JSON.stringify(request.publicKey),
      state: 'active',
      enrolledAt: tx.at,
      offboardingSince: null,
    })
    .execute()
  const work = deps.rooms.within(tx)
  await work.create({
    id: room,
    name: credential.roomName || request.room.name || request.facts.serial || 'Room',
    place: placeOf(request),
    onboardedAt: tx.at,
    inCall: request.facts.inCall,
    device: deviceOf(device, request),
  })
  await work.flush()
  return { room, device, fresh: true }
}

async function enrolAgain(deps: ServiceDeps, tx: TenantTransaction, request: Enrolment, thumbprint: string, known: DeviceTable) {
  const { id: device, room } = known
  const sameKey = known.thumbprint === thumbprint
  if (sameKey && known.state === 'active') return { room, device, fresh: false }
  await tx.update
    .device()
    .where('id', '=', device)
    .set({ thumbprint, publicKey: JSON.stringify(request.publicKey), state: 'active', offboardingSince: null })
    .execute()
  // Whoever is connected with the key before is cut off.
  if (!sameKey) tx.publish('device', { tenant: tx.tenant, device, change: { type: 'revoked' } })
  const work = deps.rooms.within(tx)
  await work.load([room])
  work.rebase(room, { device: deviceOf(device, request) })
  if (work.room(room).state.lifecycle === 'unenrolled') work.take(room, { type: 'lifecycle', lifecycle: 'onboarding' })
  await work.flush()
  return { room, device, fresh: true }
}

function placeOf({ room: { place } }: Enrolment): Place {
  return { ...place, timeZone: isTimeZone(place.timeZone) ? place.timeZone : 'UTC' }
}

function isTimeZone(name: string): boolean {
  try {
    return name !== '' && new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined
  } catch {
    return false
  }
}

function deviceOf(id: DeviceId, { profile, keyProtection, facts: { inCall: _, ...facts } }: Enrolment): RoomDevice {
  return { id, profile, keyProtection, ...facts }
}
