import { defaultSettings, type Settings } from '../../contract/entities.ts'
import { AssignmentId, GroupId, LinkId, RoleId, type TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { AssignmentScope, Link, Member } from '../../contract/policy.ts'
import type { Ids } from '../../contract/system.ts'
import { saveAssignment, writeAssignment } from '../access/assignments.ts'
import { linkRow } from '../access/links.ts'
import { knowPeople, savePerson } from '../access/people.ts'
import { changePolicy } from '../access/policies.ts'
import { makeTenant } from '../access/setup.ts'
import { type Directory, embeddedIssuerName } from '../directory/accounts.ts'
import { EmbeddedDirectory } from '../directory/embedded.ts'
import type { Store } from '../ground/store/store.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import { type DemoOrganisation, organisations } from './organisations.ts'

/** The account by which a device may enrol without a key; `token --user` gives its token. */
export const demoRoomAccount = 'boardroom@contoso.example'

/** A fault is an incident within seconds, so that whoever tries the demo sees it. */
const demoSettings = { openHoldMs: 3_000, resolveHoldMs: 5_000, allowSoftwareKeys: true }

/** What the directory was given: ids by e-mail address and by the names of organisations and security groups. */
interface Entries {
  readonly directories: ReadonlyMap<string, string>
  readonly members: ReadonlyMap<string, Member>
}

/**
 * Fills an empty service with the demo's organisations: people with each of the built-in roles and with none, security
 * groups, groups of rooms, and a partner. Rooms come with the devices that enrol. `settings` go before the demo's own.
 */
export async function makeDemo(store: Store, directory: Directory, settings: Partial<Omit<Settings, 'id'>>): Promise<void> {
  if ((await store.tenants()).length > 0) return
  const entries = await fillDirectory(directory, store.ids)
  const reader = new EmbeddedDirectory(store)
  const tenants = new Map<string, TenantId>()
  for (const organisation of organisations) {
    const groupsOf = new Map<string, string[]>()
    for (const { email } of organisations.flatMap(({ people }) => people)) {
      const { id, directory: where } = accountOf(entries, email)
      groupsOf.set(email, await reader.groupsOf(where, id))
    }
    const manager = organisation.people.find(({ role }) => role === 'proManager')
    const tenant = await makeTenant(
      store,
      {
        name: organisation.name,
        issuer: embeddedIssuerName,
        directory: directoryOf(entries, organisation),
        settings: { ...defaultSettings, ...demoSettings, ...settings },
        ...(manager ? { proManager: accountOf(entries, manager.email).id } : {}),
      },
      (tx) => fillTenant(tx, organisation, entries, groupsOf, tenants),
    )
    tenants.set(organisation.domain, tenant)
  }
}

async function fillDirectory(directory: Directory, ids: Ids): Promise<Entries> {
  const directories = new Map(organisations.map(({ domain }) => [domain, ids()]))
  const members = new Map<string, Member>()
  for (const { people, securityGroups } of organisations) {
    for (const { email } of people) members.set(email, { kind: 'person', id: ids() })
    for (const { name } of securityGroups) members.set(name, { kind: 'group', id: ids() })
  }
  const entries = { directories, members }
  const inDirectory = (organisation: DemoOrganisation) => ({ directory: directoryOf(entries, organisation) })
  await directory.replaceAll({
    tenants: organisations.map((one) => ({ id: directoryOf(entries, one), name: one.name, domains: [one.domain] })),
    accounts: organisations.flatMap((one) => [
      ...one.people.map(({ email, name, globalAdministrator }) => ({
        ...inDirectory(one),
        id: memberOf(entries, email).id,
        kind: 'person' as const,
        email,
        name,
        globalAdministrator,
      })),
      ...(demoRoomAccount.endsWith(`@${one.domain}`)
        ? [{ ...inDirectory(one), id: ids(), kind: 'room' as const, email: demoRoomAccount, name: 'Boardroom', globalAdministrator: false }]
        : []),
    ]),
    groups: organisations.flatMap((one) =>
      one.securityGroups.map(({ name, description, people, groups }) => ({
        ...inDirectory(one),
        id: memberOf(entries, name).id,
        name,
        description,
        members: [...people, ...groups].map((member) => memberOf(entries, member)),
      })),
    ),
  })
  return entries
}

async function fillTenant(
  tx: TenantTransaction,
  organisation: DemoOrganisation,
  entries: Entries,
  groupsOf: ReadonlyMap<string, readonly string[]>,
  tenants: ReadonlyMap<string, TenantId>,
): Promise<void> {
  // Known before they sign in, so that incidents can be assigned to them.
  for (const { email, name, globalAdministrator } of organisation.people) {
    const { id, directory } = accountOf(entries, email)
    await savePerson(tx, {
      ...{ issuer: embeddedIssuerName, directory, objectId: id, name, email, globalAdministrator },
      ...{ groups: [...(groupsOf.get(email) ?? [])], groupsOverage: false, multiFactor: false, issuedAt: 0 },
    })
  }
  const groups = new Map(organisation.roomGroups.map(({ name }) => [name, GroupId.parse(tx.ids())]))
  await changePolicy(tx, 'system', async () => {
    for (const { name, building } of organisation.roomGroups) {
      const rule = { match: 'all', conditions: [{ field: 'building', is: 'equal', value: building }] }
      await tx.insert.roomGroup({ id: groupOf(groups, name), name, description: '', rooms: '[]', rule: JSON.stringify(rule) }).execute()
    }
  })
  for (const { name, role, members, roomGroup } of organisation.assignments) {
    const scope = { rooms: [], groups: [groupOf(groups, roomGroup)] }
    await saveAssignment(tx, {
      id: AssignmentId.parse(tx.ids()),
      name,
      role: RoleId.parse(role),
      members: members.map((member) => memberOf(entries, member)),
      scope,
    })
  }
  for (const partner of organisation.partners) {
    await addPartner(tx, partner, {
      entries,
      groupsOf,
      tenants,
      scope: partner.roomGroup === null ? 'all' : { rooms: [], groups: [groupOf(groups, partner.roomGroup)] },
    })
  }
}

interface PartnerParts {
  readonly entries: Entries
  readonly groupsOf: ReadonlyMap<string, readonly string[]>
  readonly tenants: ReadonlyMap<string, TenantId>
  readonly scope: AssignmentScope
}

/** A link that was invited and accepted at this moment. */
async function addPartner(
  tx: TenantTransaction,
  { domain, admins, approveRings }: DemoOrganisation['partners'][number],
  { entries, groupsOf, tenants, scope }: PartnerParts,
): Promise<void> {
  const organisation = organisations.find((one) => one.domain === domain)
  const partner = tenants.get(domain)
  if (!organisation || !partner) throw new Error(`${domain} must be made before its customers`)
  const link: Link = {
    id: LinkId.parse(tx.ids()),
    tenant: tx.tenant,
    domain,
    status: 'active',
    partner,
    partnerName: organisation.name,
    invitedAt: tx.at,
    expiresAt: tx.at + limits.invitationDaysAtMost * 24 * 3_600_000,
    acceptedAt: tx.at,
    changeControl: { rooms: 'automatic', rings: approveRings ? 'manual' : 'automatic', incidents: 'automatic', roles: 'automatic' },
    scope,
    remoteAccess: false,
    multiFactor: false,
  }
  await changePolicy(tx, 'system', async () => {
    const { tenant: _, ...row } = linkRow(link)
    await tx.insert.link(row).execute()
    await writeAssignment(tx, {
      id: AssignmentId.parse(tx.ids()),
      link: link.id,
      role: RoleId.parse('primaryAdmin'),
      name: 'Assigned admins',
      description: '',
      notify: false,
      members: admins.map((member) => memberOf(entries, member)),
      scope,
      builtIn: true,
    })
    await knowPeople(
      tx,
      organisation.people.map(({ email, name }) => {
        const { id, directory } = accountOf(entries, email)
        return {
          issuer: embeddedIssuerName,
          directory,
          objectId: id,
          name,
          email,
          link: link.id,
          groups: { ids: groupsOf.get(email) ?? [], at: 0 },
        }
      }),
    )
  })
  tx.audit({
    category: 'PartnerInvitation',
    objectName: organisation.name,
    operation: 'Create',
    detail: { action: 'partner.invite', link: link.id, domain },
  })
}

function memberOf({ members }: Entries, name: string): Member {
  const member = members.get(name)
  if (!member) throw new Error(`the demo knows no ${name}`)
  return member
}

function accountOf(entries: Entries, email: string): { id: string; directory: string } {
  const directory = entries.directories.get(email.split('@')[1] ?? '')
  if (directory === undefined) throw new Error(`the demo knows no organisation of ${email}`)
  return { id: memberOf(entries, email).id, directory }
}

const directoryOf = ({ directories }: Entries, { domain }: DemoOrganisation): string => directories.get(domain) ?? ''

function groupOf(groups: ReadonlyMap<string, GroupId>, name: string): GroupId {
  const group = groups.get(name)
  if (!group) throw new Error(`the demo has no group of rooms ${name}`)
  return group
}
