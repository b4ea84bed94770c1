import { z } from 'zod'
import { mayManageCustomers, tenantManagerRole } from '../../contract/access.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { AssignmentId, type LinkId, RoleId } from '../../contract/ids.ts'
import { type Assignment, type Link, Member } from '../../contract/policy.ts'
import { writeAssignment } from '../access/assignments.ts'
import { checkNotLinked, isExpired, linkOf } from '../access/links.ts'
import { type AskDeps, asksDirectory, domainsAsked, membersAsked } from '../access/membership/asked.ts'
import type { Asked } from '../access/membership/members.ts'
import { knowMembers, notInDirectory, ownMembers } from '../access/membership/members.ts'
import { changePolicy } from '../access/policies.ts'
import { Members } from '../access/refresh.ts'
import { assignmentOf } from '../access/resolved.ts'
import {
  type AskedContext,
  type AskingHandler,
  checkPermitted,
  type CommandContext,
  type CommandHandler,
} from '../ground/commands/handler.ts'
import { assignmentTouched, membersTouched, scopeTouched, some } from '../ground/commands/touched.ts'
import type { PersonTable } from '../ground/store/tables.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import { endLink } from './ending.ts'
import { markPartner } from './marks.ts'

/** What the partner's side does, in its own tenant; what it changes stands in the customer's (PAR-2, PAR-6). */

/**
 * An invitation of one of the caller's domains.
 * @throws RoomkeeperError partner.notFound: the same for none and for another's; partner.accepted where it is theirs already.
 */
async function invitationOf(id: LinkId, { tx, asked }: AskedContext<Asked>): Promise<Link> {
  const row = await tx.linkById(id)
  if (row?.status === 'active' && row.partner === tx.tenant) throw new RoomkeeperError('partner.accepted')
  if (row?.status !== 'invited' || row.tenant === tx.tenant || !asked.domains.includes(row.domain))
    throw new RoomkeeperError('partner.notFound')
  return linkOf(row)
}

/** Accepts and names the primary admins. The first to accept makes the link; who that was has no standing afterwards. */
export const accept = (deps: AskDeps): AskingHandler<'invitation.accept', Asked> => ({
  ...asksDirectory(deps, async ({ link, admins }, asker) => ({
    domains: await domainsAsked(deps, asker),
    ...(await membersAsked(deps, asker, link, admins)),
  })),
  check: async (command, context) => checkPermitted(command.type, context),
  async apply({ type, link: id, admins }, context) {
    const { tx, caller, asked } = context
    const invitation = await invitationOf(id, context)
    if (isExpired(invitation, tx.at)) throw new RoomkeeperError('partner.expired')
    const customer = tx.on(invitation.tenant)
    await checkNotLinked(customer, tx.tenant)
    const members = await ownMembers(tx, admins, asked, notInDirectory)
    const { name: partnerName } = await tx.tenantRow()
    const link: Link = { ...invitation, status: 'active', partner: tx.tenant, partnerName, acceptedAt: tx.at }
    const assigned: Assignment = {
      id: AssignmentId.parse(tx.ids()),
      link: id,
      role: RoleId.parse('primaryAdmin'),
      name: 'Assigned admins',
      description: '',
      notify: false,
      members,
      scope: link.scope,
      builtIn: true,
    }
    const { result: people } = await changePolicy(customer, 'system', async () => {
      await customer.update
        .link()
        .where('id', '=', id)
        .set({ status: 'active', partner: tx.tenant, partnerName, acceptedAt: tx.at })
        .execute()
      await writeAssignment(customer, assigned)
      await knowMembers(customer, asked)
      const people = await peopleOf(customer, id, members)
      if (people.length === 0) throw new RoomkeeperError('partner.lastAdmin', { field: 'admins' })
      return people
    })
    markPartner(customer, link)
    const by = { link: id, domain: link.domain, by: caller.name, organisation: partnerName }
    const named = some(people.map(({ id: person, name }) => ({ id: person, name })))
    customer.audit({
      category: 'PartnerInvitation',
      objectName: partnerName,
      operation: 'Update',
      detail: { action: type, ...by, admins: await assignmentTouched(customer, assigned), people: named },
    })
    return {
      category: 'PartnerInvitation',
      objectName: await nameOf(context, link),
      operation: 'Update',
      detail: { action: type, link: id, admins: await membersTouched(tx, members) },
    }
  },
})

/** Deletes the invitation (PAR-2); also one that expired. */
export const deny = (deps: AskDeps): AskingHandler<'invitation.deny', Asked> => ({
  ...asksDirectory(deps, async (_, asker) => ({ domains: await domainsAsked(deps, asker) })),
  check: async (command, context) => checkPermitted(command.type, context),
  async apply({ type, link: id }, context) {
    const { tx, caller } = context
    const link = await invitationOf(id, context)
    const customer = tx.on(link.tenant)
    await endLink(customer, link)
    tx.put('policy', { id: tx.tenant, at: tx.at })
    const { name: organisation } = await tx.tenantRow()
    customer.audit({
      category: 'PartnerInvitation',
      objectName: link.domain,
      operation: 'Delete',
      detail: { action: type, link: id, by: caller.name, organisation },
    })
    return {
      category: 'PartnerInvitation',
      objectName: await nameOf(context, link),
      operation: 'Delete',
      detail: { action: type, link: id },
    }
  },
})

/** Ends the link from the partner's side (PAR-6). */
export const leave: CommandHandler<'customer.leave'> = {
  check: async (command, context) => checkPermitted(command.type, context),
  async apply({ type, link: id }, context) {
    const { tx, caller } = context
    const row = await tx.linkById(id)
    if (row?.status !== 'active' || row.partner !== tx.tenant) throw new RoomkeeperError('partner.notFound')
    const link = linkOf(row)
    const customer = tx.on(link.tenant)
    await endLink(customer, link)
    const detail = {
      action: type,
      link: id,
      by: caller.name,
      organisation: link.partnerName,
      scope: await scopeTouched(customer, link.scope),
    }
    customer.audit({ category: 'PartnerInvitation', objectName: link.partnerName, operation: 'Delete', detail })
    return {
      category: 'PartnerInvitation',
      objectName: await nameOf(context, link),
      operation: 'Delete',
      detail: { action: type, link: id },
    }
  },
}

/** Names who manages the organisation's customers, beside Pro Managers and Global Administrators. None is fine. */
export const setTenantManagers = (deps: AskDeps): AskingHandler<'tenantManagers.set', Asked> => ({
  ...asksDirectory(deps, async ({ members }, asker) => ({ domains: [], ...(await membersAsked(deps, asker, null, members)) })),
  check: async (command, context) => checkPermitted(command.type, context),
  async apply({ type, members: named }, { tx, caller, asked }) {
    const members = await ownMembers(tx, named, asked, notInDirectory, await managersNow(tx))
    const known = await tx.tables
      .assignment()
      .select(['id', 'members'])
      .where('role', '=', tenantManagerRole)
      .where('link', 'is', null)
      .executeTakeFirst()
    const id = known?.id ?? AssignmentId.parse(tx.ids())
    const before = known ? z.array(Member).parse(JSON.parse(known.members)) : []
    const idsOf = (some: readonly Member[]): string =>
      some
        .map((member) => `${member.kind}/${member.id}`)
        .sort()
        .join(' ')
    if (idsOf(before) === idsOf(members)) return null
    // Taking somebody out gives nothing, and is no less about who manages customers.
    if (!mayManageCustomers(caller.access)) throw new RoomkeeperError('policy.escalation', { params: { permission: 'customers' } })
    await changePolicy(tx, caller.access, async () => {
      await tx.delete.assignment().where('id', '=', id).execute()
      if (members.length === 0) return
      await writeAssignment(tx, {
        id,
        link: null,
        role: tenantManagerRole,
        name: 'Tenant managers',
        description: '',
        notify: false,
        members,
        scope: 'all',
        builtIn: false,
      })
    })
    return {
      category: 'Assignment',
      objectName: 'Tenant managers',
      operation: 'Update',
      detail: { action: type, assignment: id, members: await membersTouched(tx, members), before: await membersTouched(tx, before) },
    }
  },
})

/** The customer's name. */
const nameOf = async ({ tx }: CommandContext, { tenant }: Link): Promise<string> => (await tx.on(tenant).tenantRow()).name

/** Who is one of the members, as far as they are known. */
async function peopleOf(customer: TenantTransaction, link: LinkId, named: readonly Member[]): Promise<PersonTable[]> {
  const members = new Members()
  for (const member of named) members.addMember(link, member)
  return (await members.of(customer)).filter(({ removedAt }) => removedAt === null)
}

async function managersNow(tx: TenantTransaction): Promise<readonly Member[]> {
  const row = await tx.tables.assignment().selectAll().where('role', '=', tenantManagerRole).where('link', 'is', null).executeTakeFirst()
  return row ? assignmentOf(row).members : []
}
