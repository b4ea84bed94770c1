import { may, mayEverywhere } from '../../contract/access.ts'
import { EnrolmentKey } from '../../contract/api.ts'
import type { Doc } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Permission } from '../../contract/permissions.ts'
import { safeFileName, saveNew } from '../files.ts'
import type { ServiceClient } from '../sync/http.ts'

/**
 * Installer and self-enrolment key (ENR-1): straight from the service, never from the cache and never queued, saved
 * where the operator's downloads go.
 */
export interface Enrolment {
  client: ServiceClient
  downloadFolder: string
  me: Doc<'me'> | undefined
}

/** Errors: `access.denied`, and those of the service. */
export async function saveInstaller(enrolment: Enrolment): Promise<{ path: string; bytes: number }> {
  need(enrolment, 'rooms.create', 'settings.view')
  const { bytes, headers } = await enrolment.client.ask({ path: '/v1/enrolment/installer', atMostBytes: limits.installerBytes })
  const name = safeFileName(proposedName(headers.get('content-disposition')), 'roomkeeper-agent.zip')
  return saveNew(enrolment.downloadFolder, name, bytes)
}

/** The key as text in a file that only the operator may read. Errors: `access.denied`, and those of the service. */
export async function saveKey(enrolment: Enrolment): Promise<{ path: string; bytes: number }> {
  need(enrolment, 'rooms.downloadKey')
  const { key } = await enrolment.client.json(EnrolmentKey, { path: '/v1/enrolment/key' })
  return saveNew(enrolment.downloadFolder, 'roomkeeper-enrolment.key', Buffer.from(`${key}\n`))
}

/** The old key stops working at once. Errors: `access.denied`, and those of the service. */
export async function resetKey(enrolment: Enrolment): Promise<void> {
  if (enrolment.me !== undefined && !mayEverywhere(enrolment.me.access, 'rooms.resetKey')) throw new RoomkeeperError('access.denied')
  await enrolment.client.ask({ method: 'POST', path: '/v1/enrolment/key/reset', body: {} })
}

function need({ me }: Enrolment, ...oneOf: Permission[]): void {
  if (me !== undefined && !oneOf.some((permission) => may(me.access, permission))) throw new RoomkeeperError('access.denied')
}

/** The file name that an answer proposes, RFC 6266's extended form first. */
function proposedName(disposition: string | null): string | undefined {
  const extended = /filename\*=utf-8''([^;]+)/i.exec(disposition ?? '')?.[1]
  if (extended !== undefined) {
    try {
      return decodeURIComponent(extended)
    } catch {
      return undefined
    }
  }
  return /filename="?([^";]+)"?/i.exec(disposition ?? '')?.[1]
}
