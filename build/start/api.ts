import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { z } from 'zod'
import { EnrolmentKey, IncidentList, RoomList } from '../../contract/api.ts'
import { type Command } from '../../contract/commands.ts'
import { type Incident, type Room } from '../../contract/entities.ts'
import { limits } from '../../contract/limits.ts'
import { AssignmentList, type AssignmentView } from '../../contract/policyApi.ts'

/** The service's public HTTP interface, as far as the demo needs it. */
export interface Api {
  enrolmentKey(): Promise<string>
  resetEnrolmentKey(): Promise<void>
  rooms(): Promise<Room[]>
  incidents(): Promise<Incident[]>
  assignments(): Promise<AssignmentView[]>
  /** Gives an assignment these rooms, and no others. */
  changeRooms(assignment: AssignmentView, rooms: readonly string[]): Promise<void>
  /** Sends one command and throws when it is refused. */
  command(command: z.input<typeof Command>): Promise<void>
  /** Enrols rooms, however many. */
  enrolRooms(rooms: readonly string[]): Promise<void>
}

const requestMs = 30_000

const Runtime = z.object({ url: z.url(), adminSecret: z.string() })
const Token = z.object({ token: z.string() })

/**
 * A token of a demo person, for who may read the service's data folder: what the command `token` does, without a process of its own.
 * Throws when there is no such person.
 */
export async function tokenOf(email: string, data: string): Promise<string> {
  const { url, adminSecret } = Runtime.parse(JSON.parse(readFileSync(join(data, 'service', 'runtime.json'), 'utf8')))
  const answer = await fetch(new URL('/v1/local/token', url), {
    method: 'POST',
    headers: { authorization: `Admin ${adminSecret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ email }),
    signal: AbortSignal.timeout(requestMs),
  })
  if (!answer.ok) throw new Error(`There is no token for ${email}: ${(await answer.text()).slice(0, 300)}`)
  return Token.parse(await answer.json()).token
}

export function connect(service: string, token: string): Api {
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(new URL(path, service), {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(requestMs),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}: ${text.slice(0, 300)}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  /** All pages of a list. */
  const all = async <T>(schema: z.ZodType<{ items: T[]; next?: string | undefined }>, path: string): Promise<T[]> => {
    const items: T[] = []
    let after: string | undefined
    do {
      const query = new URLSearchParams({ limit: String(limits.listRows), ...(after === undefined ? {} : { after }) })
      const page = schema.parse(await ask('GET', `${path}?${query}`))
      items.push(...page.items)
      after = page.next
    } while (after !== undefined)
    return items
  }
  const command = async (command: z.input<typeof Command>) => {
    await ask('POST', '/v1/commands', { key: v7(), issuedAt: Date.now(), command })
  }
  return {
    enrolmentKey: async () => EnrolmentKey.parse(await ask('GET', '/v1/enrolment/key')).key,
    resetEnrolmentKey: async () => {
      await ask('POST', '/v1/enrolment/key/reset')
    },
    rooms: () => all(RoomList, '/v1/rooms'),
    incidents: () => all(IncidentList, '/v1/incidents'),
    assignments: async () => AssignmentList.parse(await ask('GET', '/v1/assignments')).items,
    changeRooms: async ({ id, role, name, description, notify, members: principals }, rooms) => {
      const members = principals.map((member) => ({ kind: member.kind, id: member.id }))
      await command({
        type: 'assignment.save',
        assignment: id,
        role,
        name,
        description,
        notify,
        members,
        scope: { rooms: [...rooms], groups: [] },
      })
    },
    command,
    enrolRooms: async (rooms) => {
      for (let at = 0; at < rooms.length; at += limits.roomsPerCommand) {
        await command({ type: 'rooms.enrol', rooms: rooms.slice(at, at + limits.roomsPerCommand) })
      }
    },
  }
}
