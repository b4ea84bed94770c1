import type { SessionKey } from '../../contract/agent.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { DeviceId } from '../../contract/ids.ts'
import type { DeviceHalf, SessionGrant } from '../../contract/remote.ts'
import { proofOf, verifyGrant } from '../../contract/sealed/grant.ts'
import type { SessionKeys } from '../../contract/sealed/interfaces.ts'
import { agree, makePair } from '../../contract/sealed/keys.ts'
import type { DeviceKey } from '../agent/identity.ts'

export interface OfferRules {
  /** What the service gave at the enrolment. `sessionKey`: the only key that may sign grants; without it none counts. */
  readonly enrolment: { readonly device: DeviceId; readonly service: string; readonly sessionKey?: SessionKey | undefined }
  /** The device's own. */
  readonly key: DeviceKey
  /** UTC ms. */
  readonly now: () => number
}

/** A grant that came for a session. `fresh`: the service has signed that it offers it on this connection. */
export interface Offered {
  readonly session: string
  readonly grant: string
  readonly fresh: boolean
}

/** What the device makes of a grant that it takes. */
export interface Agreed {
  readonly keys: SessionKeys
  readonly half: DeviceHalf
}

/** Checks a grant that came for a session (REM-3, REM-7). @throws RoomkeeperError remote.refused; its detail is for the log. */
export function checkGrant({ session, grant, fresh }: Offered, { enrolment, now }: Pick<OfferRules, 'enrolment' | 'now'>): SessionGrant {
  const { sessionKey: key, service, device } = enrolment
  if (!key) throw new RoomkeeperError('remote.refused', { detail: 'This device kept no key of its service. Install its agent again.' })
  const checked = verifyGrant(grant, { key, service, device, now: fresh ? undefined : now() })
  if (checked.sid !== session) throw new RoomkeeperError('remote.refused', { detail: 'The grant is for another session.' })
  return checked
}

/** Makes the device's half of the keys for a checked grant, signed with the device's own key. @throws Error where it cannot sign. */
export async function agreeTo(grant: SessionGrant, text: string, { key }: Pick<OfferRules, 'key'>): Promise<Agreed> {
  const pair = makePair()
  const keys = agree({ side: 'device', privateKey: pair.privateKey, peerKey: grant.key, grant: text })
  return { keys, half: { key: pair.publicKey, signature: await key.sign(proofOf(text, pair.publicKey)) } }
}
