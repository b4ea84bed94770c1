import { z } from 'zod'
import { type About, alsoNeeded, changeKindOf, commandNeeds, type CommandType, commandTypes } from '../../contract/commands.ts'
import { ChangeKind, Kind, kinds } from '../../contract/entities.ts'
import { limits } from '../../contract/limits.ts'
import { builtInRoles, BuiltInRole, globalAdministratorPermissions, Permission } from '../../contract/permissions.ts'
import { programs } from '../../contract/testing/programs.ts'
import { run } from '../run.ts'
import { made, table } from './table.ts'

const Access = z.union([
  z.string(),
  z.object({ permission: z.union([Permission, z.array(Permission)]), room: z.string().optional(), everywhere: z.literal(true).optional() }),
])
const Routes = z.array(z.object({ method: z.string(), path: z.string(), access: Access }))

const code = (text: string): string => `\`${text}\``

/** What the named kinds of access in service/ground/http/routeAccess.ts mean. */
const accessWords: Readonly<Record<string, string>> = {
  public: 'nothing',
  device: "a device's credential: to enrol, the self-enrolment key or the account of its room; to upload, its session's ticket",
  anyone: 'to be signed in; the answer is cut to what the caller may see',
  byCommand: 'what the command needs, see above',
  byKey: 'what the command needs, see above; of a command sent again, to be who sent it',
  auditor: 'Pro Manager or Global Administrator of the tenant itself',
  directory: '`roles.modify`, `settings.modify` over all rooms, or managing customers',
  admin: "this machine's user, on loopback: the secret in the data folder",
}

function accessText(access: z.infer<typeof Access>): string {
  if (typeof access === 'string') {
    const words = accessWords[access]
    if (words === undefined) throw new Error(`build/docs/permissions.ts has no words for the access "${access}".`)
    return words
  }
  const names = [access.permission].flat().map(code).join(' or ')
  if (access.everywhere) return `${names} over all rooms`
  return access.room === undefined ? names : `${names} on that room`
}

/** The routes as the service registers them; it is another product, so it is asked as a process. */
async function routeRows(): Promise<string[][]> {
  const { code: ended, answer, output } = await run(process.execPath, [programs.service, 'routes'])
  if (ended !== 0) throw new Error(`"service routes" ended with ${ended}: ${output}`)
  const rows = new Map<string, string[]>()
  for (const { method, path, access } of Routes.parse(JSON.parse(answer))) {
    const [methods = '', ...rest] = rows.get(path + accessText(access)) ?? ['', code(path), accessText(access)]
    rows.set(path + accessText(access), [methods === '' ? method : `${methods}, ${method}`, ...rest])
  }
  return [...rows.values()]
}

/** Where a command's permission is needed. */
const aboutWords: Readonly<Record<About, string>> = {
  rooms: 'on each of its rooms',
  tenant: 'over all rooms',
  touched: 'on what the request touches',
  held: 'on any room; cut to those',
}

function commandRows(): string[][] {
  return commandTypes.map((type) => {
    const needs = commandNeeds[type]
    const [permission, where] =
      typeof needs === 'string'
        ? [`*${needs}*`, '']
        : [[needs.permission, alsoNeeded[type] ?? []].flat().map(code).join(', '), aboutWords[needs.about]]
    return [code(type), permission, where, changeKindOf[type] ?? '']
  })
}

const kindWords: Readonly<Record<ChangeKind, string>> = { rooms: 'Rooms', rings: 'Update rings', incidents: 'Incidents', roles: 'Roles' }

/** Of each kind of change control the commands that a partner's person can hold the permission for. */
export function changeControlTable(): string {
  const held: ReadonlySet<string> = new Set(builtInRoles.primaryAdmin.permissions)
  const mayBeHeld = (needs: (typeof commandNeeds)[CommandType]): boolean => typeof needs !== 'string' && held.has(needs.permission)
  const rows = ChangeKind.options.map((kind) => {
    const commands = commandTypes.filter((type) => changeKindOf[type] === kind && mayBeHeld(commandNeeds[type]))
    return [kindWords[kind], commands.length === 0 ? 'nothing yet' : commands.map(code).join(', ')]
  })
  return table(['kind', "what the partner's people can do"], rows)
}

const reads = (kind: Kind): string => {
  const needs = kinds[kind].reads
  if (needs === 'none') return 'belongs to the tenant'
  return needs === 'self' ? 'it is about' : `holds ${code(needs)}`
}

export async function permissionsPage(): Promise<string> {
  const mark = (held: readonly Permission[], permission: Permission) => (held.includes(permission) ? 'yes' : '')
  const roleRows = Permission.options.map((permission) => [
    code(permission),
    ...BuiltInRole.options.map((role) => mark(builtInRoles[role].permissions, permission)),
    mark(globalAdministratorPermissions, permission),
  ])
  return `# Permissions
${made}

What the service enforces. The console decides by the same function from the same data, also offline.

## Roles

A person may do on a room what any of their assignments grants there. A Global Administrator of the directory needs no
assignment in their own tenant. Custom roles hold any of these permissions.

${table(['permission', ...BuiltInRole.options.map((role) => builtInRoles[role].en), 'Global Administrator'], roleRows)}

## Commands

Every change is a command (\`POST /v1/commands\`), and needs this permission: on each room that it names or that its incident
is of. What is about no room is the whole tenant's, and needs it over all rooms, those to come included, in one's own tenant.

${table(['command', 'needs', 'where', 'change control'], commandRows())}

- *customers*: to manage the customers of one's own organisation, as its Pro Manager, Global Administrator or tenant manager.
- *own*: to be the person who made the request.
- **on any room; cut to those**: roles, assignments and groups are seen, given, changed and taken as far as the rooms go where
  one holds the permission, by the rules at the end of this page.
- **on what the request touches**: its rooms; of one about roles, all rooms. There one also needs what it shows:
  \`rooms.view\`, and \`incidents.view\` for one about an incident; \`roles.view\` for one about roles. Who cannot decide a request
  cannot read it.
- **change control**: the kind under which a customer may ask for manual approval of a partner's command. A command without one
  is either nothing that a partner can do here, or its own affair.
- \`group.save\` of a group that is new also needs \`groups.create\` on each of its rooms, with a rule over all rooms. With
  \`groups.modify\` over some rooms one changes only those rooms of a group, and no rule; what it is called
  where all of its rooms are among them.
- \`policy.import\` also needs \`roles.view\` over all rooms; where the file changes groups also \`groups.modify\` over all rooms
  (\`groups.create\` for new ones), and where it changes partners or who manages customers what those commands need.
- A preview needs what its command needs; people are named in it for who holds \`roles.view\`.

## Routes

${table(['', 'route', 'needs'], await routeRows())}

A header \`Roomkeeper-Tenant\` with a customer's id asks in that customer's tenant; it works for who has an assignment there.
WebSockets are apart: \`/v1/feed\` needs an access token, \`/v1/agent\` a device's key. \`/v1/groups\` and every other answer is cut
to the caller's rooms: a room, or a group without any of those rooms, is answered like one that does not exist. \`/v1/setup\` works
once, on loopback, while there is no tenant.

## What a console's copy holds

${table(
  ['document', 'is synced to whoever'],
  Kind.options.map((kind) => [code(kind), reads(kind)]),
)}

A request is synced to whoever decides it, and to whoever made it. Settings are read with the permission on any room, and changed with it
over all. Documents of a room go to who holds the permission on that room.

## Rules that are no permission

- **Global Administrator**: of the directory, in their own tenant only; everything but remote access. In a customer's tenant it
  counts for nothing.
- **Pro Manager**: always over all rooms; may grant any permission, remote access too, which no built-in role holds.
- **Escalation**: anyone else with \`roles.modify\` gives at most what they hold, over rooms on which they hold it, to others and
  to themselves. A change is looked at as a whole: a wider group or another rule of one counts, too. A primary admin may also give the
  remote access that the customer allowed the partner. An invitation gives what a Primary Admin holds, and is made by who holds that.
- **Powers**: what Pro Managers (any permission, audit log, settings of remote access, customers), tenant managers (customers) and
  Primary Admins (remote access of their link) may do beyond their permissions. They count as what one holds: who has a custom copy of
  such a role makes nobody one. A Global Administrator appoints Pro Managers and tenant managers.
- **Tenant managers**: \`tenantManagers.set\`, and a policy file that says the same, need more than their permission: they are named, and
  taken out, only by who manages customers (*customers* above). The last of them can be taken out, too.
- **Rooms to come**: "all of the link", a room group and its rule bring rooms that others add. They are given by who holds through the
  same; rooms by name, or a group that holds the same rooms today, are less.
- **Taking away**: a change of roles and assignments takes nothing away over rooms on which its maker does not hold
  \`roles.modify\`.
- **What is shared**: a role is changed and deleted by who holds \`roles.modify\` over every room that it is assigned over; what an
  assignment is called, whether it sends e-mail and its role, over every room of it. A room goes into or out of a group that
  something is assigned over by who holds it over that room, and the group's rule is changed by who holds it over all rooms.
- **Last Pro Manager**: a tenant that has a Pro Manager keeps one. Where a security group loses the last of them, those who
  were it become direct members, and the audit log says so. The same holds for the primary admins of a partner.
- **Audit log**: read and exported by Pro Managers and Global Administrators of the tenant itself; no permission gives it.
- **Partners** act within their link: at most what a Primary Admin holds, and remote access where the customer allows it; at
  most on the rooms that the customer assigned, whatever scope their own assignment names. Their roles and assignments are apart
  from the customer's, and each side changes its own. Only the customer says which rooms the link covers.
- **Manual approval**: what a customer wants to approve is kept for ${limits.requestDays} days and applied as the partner's person
  with what they may do at the moment of the decision. A partner's person cannot decide, nor can who holds \`settings.modify\` only
  where the request reaches beyond.
- **Multi-factor**: where a link asks for it, a partner's person needs an access token whose \`amr\` holds \`mfa\`. It is looked at
  in each request, and an open console without it is cut off when the link begins to ask.
- **Remote access**: whether a partner may hold it is for a Pro Manager to say, or for who holds \`remoteAccess.modify\` over all
  rooms.
- **Settings of remote access** (\`remoteAccess\`, \`remoteContact\`, \`recordSessions\`, \`recordingDays\` of \`settings.change\`),
  the session log and recordings: Pro Managers and Global Administrators of the tenant itself; no permission gives them.
- **Remote sessions**: \`POST /v1/sessions\` needs \`remoteAccess.modify\` on the room, or \`remoteAccess.view\` to look only. A session
  is its operator's: nobody else gets a ticket of it, and under the id of somebody else's it begins under an id of their own.
  Auditors may read and end it too; to anyone else it does not exist. It ends when the right, the switch or the room goes.
- **Hidden is like missing**: what is out of reach is answered as what does not exist. A new thing under the id of a hidden one is kept
  under another id. Names are unique among what one sees, so a hidden thing may have the same.
- **People** (\`/v1/people\`; owners of incidents see its room, too): those of one's own side who see incidents of a room where one
  does, with addresses for who holds \`roles.view\` over a room where they do. A partner, its people and its roles are shown to who sees
  roles or settings of a room of its link.
- **Another organisation** never sees or hears of a tenant that is not its customer: the answer is that of a tenant that
  does not exist.
`
}
