import type { Incident } from '../../../contract/entities.ts'
import { EntryId, IncidentId, PersonId, RoomId, TenantId } from '../../../contract/ids.ts'
import type { Sending } from '../../notifications/pending.ts'
import { ownRule } from '../../notifications/rules.ts'
import { draft } from './rig.ts'

const id = (n: number): string => `00000000-0000-7000-8000-00000000000${n}`
const at = Date.UTC(2026, 10, 25, 9)

/** The opening of an incident that is to be sent a person, with what a device and a place are called. */
export function sendingOf({ detail, roomName = 'Salle Bleue' }: { detail?: string; roomName?: string } = {}): Sending {
  const person = PersonId.parse(id(1))
  const room = RoomId.parse(id(2))
  const incident: Incident = {
    ...{ id: IncidentId.parse(id(3)), number: 12, room, signal: 'peripherals.camera', category: 'peripherals', severity: 'important' },
    ...{ status: 'needAction', value: 'unhealthy', since: at, openedAt: at, openings: 1, flapping: false, changedAt: at },
    ...(detail === undefined ? {} : { detail }),
  }
  const entry = EntryId.parse(id(4))
  const shared = { event: 'opened', entry, incident: incident.id, subject: incident.id, episode: entry, receivedAt: at } as const
  return {
    row: {
      ...shared,
      ...{ tenant: TenantId.parse(id(5)), id: id(6), key: 'key', rule: id(7), channel: 'email', target: person, state: 'waiting' },
      ...{ why: null, tries: 0, dueAt: at, problem: null, status: null, changedAt: at },
    },
    verdict: { say: 'send' },
    rule: ownRule({ ...draft({ name: 'Les miens' }), id: id(7) as never, owner: person, since: 0, changedAt: 0 }),
    happening: { ...shared, room, severity: 'important', actor: null, owner: null, about: new Set() },
    incident,
    entry: { id: entry, incident: incident.id, room, kind: 'opened', actor: { kind: 'system' }, at, receivedAt: at },
    room: { id: room, name: roomName, place: { country: 'France', city: 'Lyon', building: 'Siège', floor: '2' } },
  }
}
