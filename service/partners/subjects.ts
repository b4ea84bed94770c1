import type { Command } from '../../contract/commands.ts'
import type { ApprovalRequest } from '../../contract/entities.ts'
import type { AssignmentId, IncidentId, LinkId, PersonId, RoleId, RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'

export type Subjects = Pick<ApprovalRequest, 'subjects' | 'subjectCount' | 'text' | 'rooms'>

/** Names in one request; more things are only counted. */
const named = 20

/**
 * What a command is about, by the names that things have now: so that a person can decide on it (PAR-5). Who asks reads
 * them too: of roles, assignments and people only those of their own link have a name. With them the rooms that it
 * touches, by which is said who decides; what is about roles touches all that the link is over, now and later.
 */
export async function subjectsOf(tx: TenantTransaction, link: LinkId, command: Command): Promise<Subjects> {
  switch (command.type) {
    case 'incident.acknowledge':
      return { ...(await incident(tx, command.incident)), ...said(command.note) }
    case 'incident.unacknowledge':
      return incident(tx, command.incident)
    case 'incident.comment':
      return { ...(await incident(tx, command.incident)), ...said(command.text) }
    case 'incident.assign':
      return {
        ...(await incident(tx, command.incident)),
        ...said(command.owner === null ? undefined : await personName(tx, link, command.owner)),
      }
    case 'issue.close':
      return { ...(await incident(tx, command.incident)), ...said(command.reason) }
    case 'issue.report':
      return { ...(await rooms(tx, command.rooms)), ...said(command.text) }
    case 'rooms.enrol':
    case 'rooms.unenrol':
    case 'rooms.replace':
      return rooms(tx, command.rooms)
    case 'rooms.ring':
      return { ...(await rooms(tx, command.rooms)), ...said(command.ring) }
    case 'rooms.licence':
      return { ...(await rooms(tx, command.rooms)), ...said(command.licence) }
    case 'rooms.rename':
      return { ...(await rooms(tx, command.rooms)), ...said(command.name) }
    case 'rooms.move':
      return {
        ...(await rooms(tx, command.rooms)),
        ...said(
          Object.values(command.place)
            .filter((part) => part !== '')
            .join(', '),
        ),
      }
    case 'suppression.save': {
      const where = Object.values(command.place ?? {}).filter((part) => part !== undefined && part !== '')
      const named = await rooms(tx, command.rooms)
      const isNamed = command.groups.length === 0 && command.place === null
      return {
        ...named,
        ...(isNamed ? {} : { rooms: 'all' }),
        ...said([where.join(', '), command.reason].filter((part) => part !== '').join(': ')),
      }
    }
    case 'suppression.end':
      return command.within ? rooms(tx, command.within) : { subjects: [], subjectCount: 0, rooms: 'all' }
    case 'suppression.confirm':
      return { subjects: [], subjectCount: 0, rooms: 'all' }
    case 'role.save':
      return { subjects: [command.name], subjectCount: 1, text: command.permissions.join(', ') }
    case 'role.delete':
      return one(await roleName(tx, link, command.role))
    case 'assignment.save':
      return { ...one(command.name), ...said(await roleName(tx, link, command.role)) }
    case 'assignment.delete':
      return one(await assignmentName(tx, link, command.assignment))
    default:
      return { subjects: [], subjectCount: 0 }
  }
}

const one = (name: string | undefined): Subjects => ({ subjects: name === undefined ? [] : [name], subjectCount: 1 })
const said = (text: string | undefined): { text?: string } =>
  text === undefined || text === '' ? {} : { text: text.slice(0, limits.commentChars) }

async function incident(tx: TenantTransaction, id: IncidentId): Promise<Subjects> {
  const found = await tx.get('incident', id)
  const room = found && (await tx.get('room', found.room))
  const subjects = found ? [`#${found.number}`, ...(room ? [room.name] : [])] : []
  return { subjects, subjectCount: 1, rooms: found ? [found.room] : 'all' }
}

async function rooms(tx: TenantTransaction, ids: readonly RoomId[]): Promise<Subjects> {
  const distinct = [...new Set(ids)]
  const found = await tx.getMany('room', distinct.slice(0, named))
  return { subjects: [...found.values()].map(({ name }) => name), subjectCount: distinct.length, rooms: distinct }
}

const personName = async (tx: TenantTransaction, link: LinkId, id: PersonId): Promise<string | undefined> =>
  (await tx.tables.person().select('name').where('link', '=', link).where('id', '=', id).executeTakeFirst())?.name

const roleName = async (tx: TenantTransaction, link: LinkId, id: RoleId): Promise<string> =>
  (await tx.tables.role().select('name').where('link', '=', link).where('id', '=', id).executeTakeFirst())?.name ?? id

const assignmentName = async (tx: TenantTransaction, link: LinkId, id: AssignmentId): Promise<string | undefined> =>
  (await tx.tables.assignment().select('name').where('link', '=', link).where('id', '=', id).executeTakeFirst())?.name
