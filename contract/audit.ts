import { commandTypes, type CommandType } from './commands.ts'

/** What the audit log calls things (AUD-1). A command is called by its type, also where it was refused; what is none has a word here. */

export const auditCategories = [
  'User',
  'Assignment',
  'PartnerInvitation',
  'Role',
  'Room',
  'RoomGroup',
  'Incident',
  'Settings',
  'EnrolmentKey',
  'Installer',
  'Device',
  'Tenant',
  'Request',
  'Policy',
  'Access',
  'Command',
  'Audit',
  'RemoteSession',
  'Notification',
  'Suppression',
] as const
export type AuditCategory = (typeof auditCategories)[number]

/** What is done without a command, by people and by the system. */
export const otherActions = [
  'access.ask',
  'administrators.keep',
  'audit.export',
  'audit.prune',
  'device.copied',
  'device.enrol',
  'device.newKey',
  'device.restore',
  'device.revoke',
  'directory.change',
  'endpoint.switchOff',
  'group.read',
  'installer.download',
  'key.download',
  'key.reset',
  'person.remove',
  'person.restore',
  'recording.delete',
  'recording.end',
  'recording.open',
  'request.expire',
  'request.make',
  'session.end',
  'session.start',
  'sessions.export',
  'suppression.over',
  'tenant.make',
] as const

export type AuditAction = CommandType | (typeof otherActions)[number]
export const auditActions: readonly AuditAction[] = [...commandTypes, ...otherActions]

/**
 * What is done to a thing of the product that has no name of its own: what the record calls it is English, and people read their own words.
 */
export const ownThings = [
  'audit.export',
  'audit.prune',
  'installer.download',
  'key.download',
  'key.reset',
  'policy.import',
  'sessions.export',
  'settings.change',
  'tenantManagers.set',
] as const satisfies readonly AuditAction[]
