import type { Insertable, Kysely } from 'kysely'
import type { TenantId } from '../../../contract/ids.ts'
import type { ReadHandle, Tables } from './tables.ts'

/**
 * The tables beside the documents, each query already cut to one tenant: there is no way to ask without one.
 * Documents are not among them: they are written by `put` and read by kind.
 */

export type TenantSelects = ReturnType<typeof tenantSelects>

export function tenantSelects(db: ReadHandle<Tables>, tenant: TenantId) {
  return {
    person: () => db.selectFrom('person').where('person.tenant', '=', tenant),
    assignment: () => db.selectFrom('assignment').where('assignment.tenant', '=', tenant),
    role: () => db.selectFrom('role').where('role.tenant', '=', tenant),
    roomGroup: () => db.selectFrom('roomGroup').where('roomGroup.tenant', '=', tenant),
    link: () => db.selectFrom('link').where('link.tenant', '=', tenant),
    request: () => db.selectFrom('request').where('request.tenant', '=', tenant),
    securityGroup: () => db.selectFrom('securityGroup').where('securityGroup.tenant', '=', tenant),
    auditChain: () => db.selectFrom('auditChain').where('auditChain.tenant', '=', tenant),
    device: () => db.selectFrom('device').where('device.tenant', '=', tenant),
    deviceProgress: () => db.selectFrom('deviceProgress').where('deviceProgress.tenant', '=', tenant),
    roomState: () => db.selectFrom('roomState').where('roomState.tenant', '=', tenant),
    rejectedReport: () => db.selectFrom('rejectedReport').where('rejectedReport.tenant', '=', tenant),
    enrolmentKey: () => db.selectFrom('enrolmentKey').where('enrolmentKey.tenant', '=', tenant),
    commandOutcome: () => db.selectFrom('commandOutcome').where('commandOutcome.tenant', '=', tenant),
    audit: () => db.selectFrom('audit').where('audit.tenant', '=', tenant),
    settingsHistory: () => db.selectFrom('settingsHistory').where('settingsHistory.tenant', '=', tenant),
    remoteSession: () => db.selectFrom('remoteSession').where('remoteSession.tenant', '=', tenant),
    recordingChunk: () => db.selectFrom('recordingChunk').where('recordingChunk.tenant', '=', tenant),
  }
}

type TableName = keyof TenantSelects
type RowOf<T extends TableName> = Omit<Insertable<Tables[T]>, 'tenant'>

export type TenantWrites = ReturnType<typeof tenantWrites>

export function tenantWrites(db: Kysely<Tables>, tenant: TenantId) {
  const own = <T extends TableName>(rows: readonly RowOf<T>[]) => rows.map((row) => ({ ...row, tenant }))
  return {
    insert: {
      person: (...rows: RowOf<'person'>[]) => db.insertInto('person').values(own<'person'>(rows)),
      assignment: (...rows: RowOf<'assignment'>[]) => db.insertInto('assignment').values(own<'assignment'>(rows)),
      role: (...rows: RowOf<'role'>[]) => db.insertInto('role').values(own<'role'>(rows)),
      roomGroup: (...rows: RowOf<'roomGroup'>[]) => db.insertInto('roomGroup').values(own<'roomGroup'>(rows)),
      link: (...rows: RowOf<'link'>[]) => db.insertInto('link').values(own<'link'>(rows)),
      request: (...rows: RowOf<'request'>[]) => db.insertInto('request').values(own<'request'>(rows)),
      securityGroup: (...rows: RowOf<'securityGroup'>[]) => db.insertInto('securityGroup').values(own<'securityGroup'>(rows)),
      device: (...rows: RowOf<'device'>[]) => db.insertInto('device').values(own<'device'>(rows)),
      deviceProgress: (...rows: RowOf<'deviceProgress'>[]) => db.insertInto('deviceProgress').values(own<'deviceProgress'>(rows)),
      rejectedReport: (...rows: RowOf<'rejectedReport'>[]) => db.insertInto('rejectedReport').values(own<'rejectedReport'>(rows)),
      enrolmentKey: (...rows: RowOf<'enrolmentKey'>[]) => db.insertInto('enrolmentKey').values(own<'enrolmentKey'>(rows)),
      commandOutcome: (...rows: RowOf<'commandOutcome'>[]) => db.insertInto('commandOutcome').values(own<'commandOutcome'>(rows)),
      settingsHistory: (...rows: RowOf<'settingsHistory'>[]) => db.insertInto('settingsHistory').values(own<'settingsHistory'>(rows)),
      remoteSession: (...rows: RowOf<'remoteSession'>[]) => db.insertInto('remoteSession').values(own<'remoteSession'>(rows)),
      recordingChunk: (...rows: RowOf<'recordingChunk'>[]) => db.insertInto('recordingChunk').values(own<'recordingChunk'>(rows)),
    },
    update: {
      person: () => db.updateTable('person').where('person.tenant', '=', tenant),
      assignment: () => db.updateTable('assignment').where('assignment.tenant', '=', tenant),
      role: () => db.updateTable('role').where('role.tenant', '=', tenant),
      roomGroup: () => db.updateTable('roomGroup').where('roomGroup.tenant', '=', tenant),
      link: () => db.updateTable('link').where('link.tenant', '=', tenant),
      request: () => db.updateTable('request').where('request.tenant', '=', tenant),
      securityGroup: () => db.updateTable('securityGroup').where('securityGroup.tenant', '=', tenant),
      device: () => db.updateTable('device').where('device.tenant', '=', tenant),
      deviceProgress: () => db.updateTable('deviceProgress').where('deviceProgress.tenant', '=', tenant),
      commandOutcome: () => db.updateTable('commandOutcome').where('commandOutcome.tenant', '=', tenant),
      enrolmentKey: () => db.updateTable('enrolmentKey').where('enrolmentKey.tenant', '=', tenant),
      remoteSession: () => db.updateTable('remoteSession').where('remoteSession.tenant', '=', tenant),
    },
    remove: {
      person: () => db.deleteFrom('person').where('person.tenant', '=', tenant),
      role: () => db.deleteFrom('role').where('role.tenant', '=', tenant),
      roomGroup: () => db.deleteFrom('roomGroup').where('roomGroup.tenant', '=', tenant),
      link: () => db.deleteFrom('link').where('link.tenant', '=', tenant),
      request: () => db.deleteFrom('request').where('request.tenant', '=', tenant),
      securityGroup: () => db.deleteFrom('securityGroup').where('securityGroup.tenant', '=', tenant),
      assignment: () => db.deleteFrom('assignment').where('assignment.tenant', '=', tenant),
      deviceProgress: () => db.deleteFrom('deviceProgress').where('deviceProgress.tenant', '=', tenant),
      rejectedReport: () => db.deleteFrom('rejectedReport').where('rejectedReport.tenant', '=', tenant),
      enrolmentKey: () => db.deleteFrom('enrolmentKey').where('enrolmentKey.tenant', '=', tenant),
      commandOutcome: () => db.deleteFrom('commandOutcome').where('commandOutcome.tenant', '=', tenant),
      recordingChunk: () => db.deleteFrom('recordingChunk').where('recordingChunk.tenant', '=', tenant),
    },
  }
}
