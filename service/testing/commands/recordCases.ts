import type { CommandType } from '../../../contract/commands.ts'
import { admin, automatic } from '../partners/world.ts'
import { asker, boss, type Email, other, partner, type RecordStage } from './recordStage.ts'

/** A command, and the records that it leaves. */
export interface Case {
  /** What has to be there, before it is counted. */
  readonly arrange?: (on: RecordStage) => Promise<unknown>
  readonly by?: Email
  readonly customer?: 'contoso'
  readonly command: (on: RecordStage) => Record<string, unknown>
  readonly lines: (on: RecordStage) => string[]
  /** Ids and names that the records must name. */
  readonly touches: (on: RecordStage) => readonly string[]
  /** Whether doing it again with a new key changes nothing, and so leaves nothing. */
  readonly again: 'nothing' | 'more' | 'refused'
}

/** Of a room in onboarding, and of `more`. */
const ofFresh = (
  type: CommandType,
  more: (on: RecordStage) => string[] = () => [],
  name: (on: RecordStage) => string = ({ freshName }) => freshName,
): Case => ({
  arrange: (on) => on.freshRoom(),
  command: (on) => ({ type, rooms: [on.fresh, ...more(on)] }),
  lines: (on) => [`contoso: Room Update ${type} of ${name(on)} by ${boss}`],
  touches: (on) => [on.fresh, ...more(on)],
  again: 'refused',
})

export const cases: { readonly [T in CommandType]: Case } = {
  'incident.acknowledge': {
    command: ({ incident }) => ({ type: 'incident.acknowledge', incident, note: 'I look' }),
    lines: () => [`contoso: Incident Update incident.acknowledge of #1 by ${boss}`],
    touches: ({ room, incident }) => [incident, room, 'Boardroom', 'I look'],
    again: 'more',
  },
  'incident.unacknowledge': {
    arrange: (on) => on.done(boss, { type: 'incident.acknowledge', incident: on.incident }),
    command: ({ incident }) => ({ type: 'incident.unacknowledge', incident }),
    lines: () => [`contoso: Incident Update incident.unacknowledge of #1 by ${boss}`],
    touches: ({ room, incident }) => [incident, room, 'Boardroom'],
    again: 'nothing',
  },
  'incident.assign': {
    command: ({ incident, me }) => ({ type: 'incident.assign', incident, owner: me }),
    lines: () => [`contoso: Incident Update incident.assign of #1 by ${boss}`],
    touches: ({ room, incident, me }) => [incident, room, 'Boardroom', me, boss],
    again: 'nothing',
  },
  'incident.comment': {
    command: ({ incident }) => ({ type: 'incident.comment', incident, text: 'The cable' }),
    lines: () => [`contoso: Incident Update incident.comment of #1 by ${boss}`],
    touches: ({ room, incident }) => [incident, room, 'Boardroom', 'The cable'],
    again: 'more',
  },
  'incident.standAlone': {
    command: ({ incident }) => ({ type: 'incident.standAlone', incident, alone: true }),
    lines: () => [`contoso: Incident Update incident.standAlone of #1 by ${boss}`],
    touches: ({ room, incident }) => [incident, room, 'Boardroom'],
    again: 'nothing',
  },
  'issue.report': {
    arrange: (on) => on.done(boss, { type: 'rooms.rename', rooms: [on.room], name: 'Boardroom' }),
    command: (on) => on.report(),
    lines: ({ issueNumber }) => [`contoso: Incident Create issue.report of #${issueNumber} by ${boss}`],
    touches: ({ room, issue, role }) => [issue, role, room, 'Boardroom', 'The chairs are gone'],
    again: 'nothing',
  },
  'issue.close': {
    arrange: (on) => on.done(boss, on.report()),
    command: ({ issue }) => ({ type: 'issue.close', incident: issue, reason: 'They are back' }),
    lines: ({ issueNumber }) => [`contoso: Incident Update issue.close of #${issueNumber} by ${boss}`],
    touches: ({ room, issue }) => [issue, room, 'They are back', 'customerReported.issue'],
    again: 'refused',
  },
  'rooms.enrol': ofFresh('rooms.enrol'),
  'rooms.unenrol': ofFresh('rooms.unenrol'),
  'rooms.ring': {
    command: ({ room }) => ({ type: 'rooms.ring', rooms: [room], ring: 'Staging' }),
    lines: () => [`contoso: Room Update rooms.ring of Boardroom by ${boss}`],
    touches: ({ room }) => [room, 'Boardroom', 'Staging'],
    again: 'nothing',
  },
  'rooms.licence': {
    arrange: (on) => on.done(boss, { type: 'rooms.licence', rooms: [on.room], licence: 'pro' }),
    command: ({ room }) => ({ type: 'rooms.licence', rooms: [room], licence: 'basic' }),
    lines: () => [`contoso: Room Update rooms.licence of Boardroom by ${boss}`],
    touches: ({ room }) => [room, 'Boardroom', 'basic'],
    again: 'nothing',
  },
  'rooms.rename': {
    arrange: (on) => on.done(boss, { type: 'rooms.rename', rooms: [on.room], name: 'Boardroom' }),
    command: ({ room }) => ({ type: 'rooms.rename', rooms: [room], name: 'Board room' }),
    lines: () => [`contoso: Room Update rooms.rename of Board room by ${boss}`],
    touches: ({ room }) => [room, 'Boardroom', 'Board room'],
    again: 'nothing',
  },
  'rooms.move': {
    arrange: (on) => on.done(boss, { type: 'rooms.rename', rooms: [on.room], name: 'Boardroom' }),
    command: ({ room }) => ({ type: 'rooms.move', rooms: [room], place: { building: 'Annex', floor: '9' } }),
    lines: () => [`contoso: Room Update rooms.move of Boardroom by ${boss}`],
    touches: ({ room }) => [room, 'Boardroom', 'Annex'],
    again: 'nothing',
  },
  'rooms.replace': ofFresh(
    'rooms.replace',
    ({ room }) => [room],
    () => 'Boardroom',
  ),
  'suppression.save': {
    arrange: (on) => on.done(boss, { type: 'rooms.rename', rooms: [on.room], name: 'Boardroom' }),
    command: (on) => on.suppress(),
    lines: () => [`contoso: Suppression Create suppression.save of Works by ${boss}`],
    touches: ({ room, suppression, me }) => [suppression, room, 'Boardroom', 'Works', me, 'peripherals.camera'],
    again: 'nothing',
  },
  'suppression.end': {
    arrange: (on) => on.done(boss, on.suppress()),
    command: ({ suppression }) => ({ type: 'suppression.end', suppression }),
    lines: () => [`contoso: Suppression Update suppression.end of Works by ${boss}`],
    touches: ({ room, suppression }) => [suppression, room, 'Works'],
    again: 'refused',
  },
  'suppression.confirm': {
    arrange: (on) => on.done(boss, on.suppress()),
    command: ({ suppression }) => ({ type: 'suppression.confirm', suppression }),
    lines: () => [`contoso: Suppression Update suppression.confirm of Works by ${boss}`],
    touches: ({ room, suppression }) => [suppression, room, 'Works'],
    again: 'more',
  },
  'settings.change': {
    command: () => ({ type: 'settings.change', changes: { flapCount: 7, openHoldMs: 0 } }),
    lines: () => [`contoso: Settings Update settings.change of Settings by ${boss}`],
    touches: () => ['"flapCount":7'],
    again: 'nothing',
  },
  'role.save': {
    command: (on) => on.saveRole(),
    lines: ({ role }) => [`contoso: Role Create role.save of Role ${role} by ${boss}`],
    touches: ({ room, role, assignment }) => [
      role,
      'rooms.view',
      assignment,
      `Crew ${assignment}`,
      admin(other).id,
      other,
      room,
      'Boardroom',
    ],
    again: 'nothing',
  },
  'role.delete': {
    arrange: (on) => on.done(boss, on.saveRole()),
    command: ({ role }) => ({ type: 'role.delete', role }),
    lines: ({ role }) => [`contoso: Role Delete role.delete of Role ${role} by ${boss}`],
    touches: ({ role, assignment }) => [role, assignment, `Crew ${assignment}`, admin(other).id, other],
    again: 'refused',
  },
  'assignment.save': {
    command: (on) => on.saveAssignment(),
    lines: ({ assignment }) => [`contoso: Assignment Create assignment.save of Crew ${assignment} by ${boss}`],
    touches: ({ room, assignment }) => [assignment, 'siteTech', admin(other).id, other, room, 'Boardroom'],
    again: 'nothing',
  },
  'assignment.delete': {
    arrange: (on) => on.done(boss, on.saveAssignment()),
    command: ({ assignment }) => ({ type: 'assignment.delete', assignment }),
    lines: ({ assignment }) => [`contoso: Assignment Delete assignment.delete of Crew ${assignment} by ${boss}`],
    touches: ({ room, assignment }) => [assignment, 'siteTech', admin(other).id, other, room, 'Boardroom'],
    again: 'refused',
  },
  'group.save': {
    command: (on) => on.saveGroup(),
    lines: ({ group }) => [`contoso: RoomGroup Create group.save of Group ${group} by ${boss}`],
    touches: ({ room, group }) => [group, room, 'Boardroom'],
    again: 'nothing',
  },
  'group.delete': {
    arrange: (on) => on.done(boss, on.saveGroup()),
    command: ({ group }) => ({ type: 'group.delete', group }),
    lines: ({ group }) => [`contoso: RoomGroup Delete group.delete of Group ${group} by ${boss}`],
    touches: ({ room, group }) => [group, room, 'Boardroom'],
    again: 'refused',
  },
  'partner.invite': {
    command: (on) => on.invite(),
    lines: () => [`contoso: PartnerInvitation Create partner.invite of fabrikam.example by ${boss}`],
    touches: ({ room, link }) => [link, room, 'Boardroom'],
    again: 'refused',
  },
  'partner.change': {
    arrange: (on) => on.linked(),
    command: ({ link }) => ({
      type: 'partner.change',
      link,
      changeControl: { ...automatic, roles: 'manual' },
      remoteAccess: false,
      multiFactor: false,
    }),
    lines: () => [`contoso: PartnerInvitation Update partner.change of fabrikam by ${boss}`],
    touches: ({ link }) => [link, '"roles":"manual"', '"roles":"automatic"'],
    again: 'nothing',
  },
  'partner.remove': {
    arrange: (on) => on.linked(),
    command: ({ link }) => ({ type: 'partner.remove', link }),
    lines: () => [`contoso: PartnerInvitation Delete partner.remove of fabrikam by ${boss}`],
    touches: ({ room, link }) => [link, room, 'Boardroom'],
    again: 'refused',
  },
  'invitation.accept': {
    arrange: (on) => on.done(boss, on.invite()),
    by: partner,
    command: ({ link }) => ({ type: 'invitation.accept', link, admins: [admin(asker)] }),
    lines: () => [
      `contoso: PartnerInvitation Update invitation.accept of fabrikam by ${partner}`,
      `fabrikam: PartnerInvitation Update invitation.accept of contoso by ${partner}`,
    ],
    touches: ({ room, link }) => [link, admin(asker).id, asker, 'Assigned admins', room, 'Boardroom'],
    again: 'refused',
  },
  'invitation.deny': {
    arrange: (on) => on.done(boss, on.invite()),
    by: partner,
    command: ({ link }) => ({ type: 'invitation.deny', link }),
    lines: () => [
      `contoso: PartnerInvitation Delete invitation.deny of fabrikam.example by ${partner}`,
      `fabrikam: PartnerInvitation Delete invitation.deny of contoso by ${partner}`,
    ],
    touches: ({ link }) => [link],
    again: 'refused',
  },
  'customer.leave': {
    arrange: (on) => on.linked(),
    by: partner,
    command: ({ link }) => ({ type: 'customer.leave', link }),
    lines: () => [
      `contoso: PartnerInvitation Delete customer.leave of fabrikam by ${partner}`,
      `fabrikam: PartnerInvitation Delete customer.leave of contoso by ${partner}`,
    ],
    touches: ({ link }) => [link],
    again: 'refused',
  },
  'tenantManagers.set': {
    command: () => ({ type: 'tenantManagers.set', members: [admin(other)] }),
    lines: () => [`contoso: Assignment Update tenantManagers.set of Tenant managers by ${boss}`],
    touches: () => [admin(other).id, other],
    again: 'nothing',
  },
  // Two acts of two people: what was asked for, and that it was approved.
  'request.decide': {
    arrange: (on) => on.asked(),
    command: ({ request }) => ({ type: 'request.decide', request, approve: true }),
    lines: () => [
      `contoso: Room Update rooms.ring of Boardroom by ${asker}`,
      `contoso: Request Update request.decide of rooms.ring Boardroom by ${boss}`,
    ],
    touches: ({ room, request }) => [request, room, 'Boardroom', asker, boss],
    again: 'refused',
  },
  'request.withdraw': {
    arrange: (on) => on.asked(),
    by: asker,
    customer: 'contoso',
    command: ({ request }) => ({ type: 'request.withdraw', request }),
    lines: () => [`contoso: Request Update request.withdraw of rooms.ring Boardroom by ${asker}`],
    touches: ({ request }) => [request, 'Boardroom'],
    again: 'refused',
  },
  // A file is many acts: one record for each thing that it changes, and one for itself.
  'policy.import': {
    arrange: async (on) => {
      const { body } = await on.world.ask(boss, '/v1/policy')
      on.yaml = String(body).replace(/^roles:.*$/m, `roles:\n  - name: Filed ${on.role}\n    permissions: [rooms.view]`)
    },
    command: ({ yaml }) => ({ type: 'policy.import', yaml }),
    lines: ({ role }) => [
      `contoso: Role Create role.save of Filed ${role} by ${boss}`,
      `contoso: Policy Update policy.import of Policy file by ${boss}`,
    ],
    touches: () => ['rooms.view', 'policy.import'],
    again: 'nothing',
  },
  'notifications.saveRule': {
    command: (on) => on.saveRule(),
    lines: ({ role }) => [`contoso: Notification Create notifications.saveRule of Rule ${role} by ${boss}`],
    touches: ({ role }) => [role, `Rule ${role}`, 'person', 'opened'],
    again: 'nothing',
  },
  'notifications.deleteRule': {
    arrange: (on) => on.done(boss, on.saveRule()),
    command: ({ role }) => ({ type: 'notifications.deleteRule', rule: role }),
    lines: ({ role }) => [`contoso: Notification Delete notifications.deleteRule of Rule ${role} by ${boss}`],
    touches: ({ role }) => [role, `Rule ${role}`],
    again: 'refused',
  },
  'endpoints.save': {
    command: (on) => on.saveEndpoint(),
    lines: ({ role }) => [`contoso: Notification Create endpoints.save of Hook ${role} by ${boss}`],
    touches: ({ role }) => [role, `Hook ${role}`, 'hooks.example'],
    again: 'nothing',
  },
  'endpoints.delete': {
    arrange: (on) => on.done(boss, on.saveEndpoint()),
    command: ({ role }) => ({ type: 'endpoints.delete', endpoint: role }),
    lines: ({ role }) => [`contoso: Notification Delete endpoints.delete of Hook ${role} by ${boss}`],
    touches: ({ role }) => [role, `Hook ${role}`],
    again: 'refused',
  },
  'endpoints.test': {
    arrange: (on) => on.done(boss, on.saveEndpoint('https://127.0.0.1:9/')),
    command: ({ role }) => ({ type: 'endpoints.test', endpoint: role }),
    lines: ({ role }) => [`contoso: Notification Update endpoints.test of Hook ${role} by ${boss}`],
    touches: ({ role }) => [role, `Hook ${role}`, 'addressForbidden'],
    again: 'more',
  },
}
