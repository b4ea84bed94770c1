import type { CallInput } from '../../../contract/bridge.ts'
import { idOf, personId, tenantId } from '../../testing/documents.ts'

/** Ids of what the suite of the bridge asks about. */

export const room = idOf('room', 1) as CallInput<'rooms.history'>['room']
export const incident = idOf('incident', 1) as CallInput<'incidents.entries'>['incident']
export const pastIncident = idOf('incident', 99_999) as typeof incident
export const person = personId as CallInput<'policy.whatCan'>['person']
export const session = idOf('session', 1) as CallInput<'remote.end'>['session']
export const unknownKey = idOf('key', 1) as CallInput<'outbox.retry'>['key']
export const notice = idOf('notice', 1) as CallInput<'notices.show'>['notice']
export const tenant = tenantId
export const page = { offset: 0, limit: 100 }
export const list = { filter: {}, sort: 'name', descending: false, ...page } as const
