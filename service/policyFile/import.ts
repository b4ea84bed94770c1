import { mayEverywhere, mayManageCustomers, tenantManagerRole } from '../../contract/access.ts'
import type { AuditCategory } from '../../contract/audit.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { permissionBeyond } from '../../contract/escalation.ts'
import { limits } from '../../contract/limits.ts'
import type { Permission } from '../../contract/permissions.ts'
import type { Link, Member } from '../../contract/policy.ts'
import { writeAssignment } from '../access/assignments.ts'
import { addInvitation, linkRow } from '../access/links.ts'
import { type AskDeps, asksDirectory, nothingAsked } from '../access/membership/asked.ts'
import { ownMembers } from '../access/membership/members.ts'
import { changePolicy, checkRoomsStay, policyOf } from '../access/policies.ts'
import { checkSomeRoom } from '../access/policies.ts'
import { type CommandHandlers, handleAsking } from '../ground/commands/commands.ts'
import { type AskedContext, type AskingHandler, checkPermitted, type CommandContext } from '../ground/commands/handler.ts'
import { assignmentTouched, roomsTouched, scopeTouched } from '../ground/commands/touched.ts'
import type { AuditRecord, TenantTransaction } from '../ground/store/transaction.ts'
import { withdrawRequests } from '../partners/approvals.ts'
import { removeLink } from '../partners/ending.ts'
import { markPartner } from '../partners/marks.ts'
import { checkRemoteAccess } from '../partners/rooms.ts'
import { type AskedOfFile, askForFile } from './asked.ts'
import { type Change, linesOf, policyDifference, type PolicyDifference, type WantedPartner } from './difference.ts'
import { parsePolicy } from './parse.ts'

const dayMs = 24 * 3_600_000

/**
 * Makes the customer's roles, groups, assignments and partners what a file says: all of it or nothing. Whoever holds
 * less than the whole tenant sees less than the whole file, and cannot say what is to go.
 */
const policyImport = (deps: AskDeps): AskingHandler<'policy.import', AskedOfFile> => ({
  ...asksDirectory(deps),
  nothing: nothingAsked,
  ask: ({ yaml }, asker) => askForFile(deps, yaml, asker),
  check: async (command, context) => {
    checkPermitted(command.type, context)
    checkWhole(context, 'roles.view')
  },
  async apply({ type, yaml }, context) {
    const { tx, caller } = context
    const difference = await differenceOf(context, yaml)
    const { roles, groups, assignments, partners } = difference
    if (roles.length + groups.length + assignments.length + partners.length === 0) return null
    if (groups.length > 0) checkWhole(context, 'groups.modify')
    if (groups.some(({ before }) => before === undefined)) checkWhole(context, 'groups.create')
    if (partners.length > 0) checkPermitted('partner.invite', context)
    for (const partner of partners) checkPartner(partner, context)
    // What it says of who manages customers is the same as saying it by that command.
    if (
      assignments.some((change) => (change.after ?? change.before)?.role === tenantManagerRole || change.before?.role === tenantManagerRole)
    ) {
      checkPermitted('tenantManagers.set', context)
      if (!mayManageCustomers(caller.access)) throw new RoomkeeperError('policy.escalation', { params: { permission: 'customers' } })
    }
    const {
      before: was,
      after,
      result: made,
    } = await changePolicy(tx, caller.access, (resolved) => {
      for (const { before, after: role } of roles) {
        const beyond =
          role &&
          permissionBeyond(
            resolved,
            caller.access,
            role.permissions.filter((permission) => before?.permissions.includes(permission) !== true),
          )
        if (beyond) throw new RoomkeeperError('policy.escalation', { params: { permission: beyond } })
      }
      return write(tx, difference)
    })
    for (const { after: partner } of made.partners) if (partner) checkSomeRoom(after, partner.id)
    checkRoomsStay({ before: was, after }, caller.access)
    for (const { before } of partners) if (before) markPartner(tx, before)
    for (const record of await recordsOf(tx, made)) tx.audit({ ...record, detail: { ...record.detail, by: type } })
    const counts = { roles: roles.length, groups: groups.length, assignments: assignments.length, partners: partners.length }
    return { category: 'Policy', objectName: 'Policy file', operation: 'Update', detail: { action: type, changes: counts } }
  },
  changes: async ({ yaml }, context) => linesOf(await differenceOf(context, yaml)),
})

export const policyFileCommands = (deps: AskDeps): Partial<CommandHandlers> => ({ 'policy.import': handleAsking(policyImport(deps)) })

/** What the file would change, as the policy stands in this write. @throws RoomkeeperError policy.fileInvalid */
async function differenceOf({ tx, asked }: AskedContext<AskedOfFile>, yaml: string): Promise<PolicyDifference> {
  const { policyFile } = asked
  if (policyFile?.status === 'rejected') throw policyFile.reason
  const parsed = policyFile?.value ?? parsePolicy(yaml)
  const policy = await policyOf(tx.tables)
  const difference = policyDifference(parsed, { policy, rooms: await tx.roomFacts(), now: tx.at, ids: tx.ids })
  const before = policy.assignments.filter(({ link }) => link === null).flatMap(({ members }) => members)
  const lines = new Map(
    parsed.file.assignments.flatMap(({ members }, index) =>
      members.map(({ kind, id }, n) => [`${kind}/${id}`, ['assignments', index, 'members', n]] as const),
    ),
  )
  const refused = ({ kind, id }: Member): RoomkeeperError =>
    parsed.refuse(lines.get(`${kind}/${id}`) ?? ['assignments'], `The directory has no such ${kind}: ${id}`)
  await ownMembers(
    tx,
    difference.assignments.flatMap(({ after }) => after?.members ?? []),
    asked,
    refused,
    before,
  )
  return difference
}

/** @throws RoomkeeperError access.denied unless it is held over the whole of one's own tenant. */
function checkWhole({ caller: { access } }: CommandContext, permission: Permission): void {
  if (!mayEverywhere(access, permission)) throw new RoomkeeperError('access.denied')
}

/** @throws RoomkeeperError partner.ownDomain, policy.escalation */
function checkPartner({ before, after }: Change<Link, WantedPartner>, { caller, asked }: AskedContext<AskedOfFile>): void {
  if (!after) return
  if (before === undefined && asked.domains.includes(after.domain))
    throw new RoomkeeperError('partner.ownDomain', { field: 'partners', detail: `${after.domain} is a domain of your own organisation.` })
  if (after.remoteAccess && !before?.remoteAccess) checkRemoteAccess(caller.access)
}

/** Returns what was changed, with the ids under which it is kept. */
async function write(tx: TenantTransaction, difference: PolicyDifference): Promise<PolicyDifference> {
  const { roles, groups, assignments, partners } = difference
  for (const { before, after } of groups) {
    if (!after) {
      if (before) await tx.delete.roomGroup().where('id', '=', before.id).execute()
      continue
    }
    const { id, name, description, rooms, rule } = after
    const columns = { name, description, rooms: JSON.stringify(rooms), rule: rule === null ? null : JSON.stringify(rule) }
    if (before) await tx.update.roomGroup().where('id', '=', id).set(columns).execute()
    else await tx.insert.roomGroup({ id, ...columns }).execute()
  }
  for (const { before, after } of roles) {
    if (!after) {
      if (before) await tx.delete.role().where('id', '=', before.id).execute()
      continue
    }
    const { id, link, name, description, permissions } = after
    const columns = { name, description, permissions: JSON.stringify(permissions) }
    if (before) await tx.update.role().where('id', '=', id).set(columns).execute()
    else await tx.insert.role({ id, link, ...columns }).execute()
  }
  for (const { before, after } of assignments) {
    if (after) await writeAssignment(tx, after)
    else if (before) await tx.delete.assignment().where('id', '=', before.id).execute()
  }
  // Removals first: what is invited may take their place.
  for (const { before, after } of partners) {
    if (after || !before) continue
    await withdrawRequests(tx, before.id)
    await removeLink(tx, before)
  }
  const kept: PolicyDifference['partners'][number][] = []
  for (const change of partners) {
    const { before, after } = change
    if (!after) {
      kept.push(change)
      continue
    }
    const { days, id, domain, ...terms } = after
    if (before)
      await tx.update
        .link()
        .where('id', '=', id)
        .set(linkRow({ ...before, ...terms }))
        .execute()
    kept.push({ before, after: { ...after, id: before ? id : await addInvitation(tx, invitation(tx, { days, id, domain, ...terms })) } })
  }
  return { ...difference, partners: kept }
}

const invitation = (tx: TenantTransaction, { days, ...wanted }: WantedPartner): Link => ({
  ...wanted,
  tenant: tx.tenant,
  status: 'invited',
  partner: null,
  partnerName: wanted.domain.slice(0, limits.nameChars),
  invitedAt: tx.at,
  expiresAt: tx.at + (days ?? 0) * dayMs,
  acceptedAt: null,
})

/** One record for each thing that the file changes, as if it had been changed by itself. */
async function recordsOf(tx: TenantTransaction, { roles, groups, assignments, partners }: PolicyDifference): Promise<AuditRecord[]> {
  const records: AuditRecord[] = []
  for (const change of roles) {
    const { id, name, description, permissions } = subjectOf(change)
    records.push(recordOf('Role', change, name, { action: change.after ? 'role.save' : 'role.delete', role: id, description, permissions }))
  }
  for (const change of groups) {
    const { id, name, description, rooms, rule } = subjectOf(change)
    records.push(
      recordOf('RoomGroup', change, name, {
        action: change.after ? 'group.save' : 'group.delete',
        group: id,
        description,
        ...(await roomsTouched(tx, rooms)),
        rule,
      }),
    )
  }
  for (const change of assignments) {
    const assignment = subjectOf(change)
    const action = assignment.role === tenantManagerRole ? 'tenantManagers.set' : change.after ? 'assignment.save' : 'assignment.delete'
    const was = change.before && change.after ? { before: await assignmentTouched(tx, change.before) } : {}
    records.push(recordOf('Assignment', change, assignment.name, { action, ...(await assignmentTouched(tx, assignment)), ...was }))
  }
  for (const change of partners) {
    const { id, domain, changeControl, remoteAccess, multiFactor, scope } = subjectOf(change)
    const action = !change.after ? 'partner.remove' : change.before ? 'partner.change' : 'partner.invite'
    records.push(
      recordOf('PartnerInvitation', change, domain, {
        action,
        link: id,
        changeControl,
        remoteAccess,
        multiFactor,
        scope: await scopeTouched(tx, scope),
      }),
    )
  }
  return records
}

/** What is changed, as it is afterwards, or as it was where it is removed. */
function subjectOf<B, A>({ before, after }: Change<B, A>): B | A {
  const subject = after ?? before
  if (subject === undefined) throw new RoomkeeperError('service.failed')
  return subject
}

const recordOf = (
  category: AuditCategory,
  { before, after }: Change<unknown>,
  objectName: string,
  detail: AuditRecord['detail'],
): AuditRecord => ({
  category,
  objectName,
  operation: before === undefined ? 'Create' : after === undefined ? 'Delete' : 'Update',
  detail,
})
