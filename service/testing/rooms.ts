import { v7 } from 'uuid'
import type { z } from 'zod'
import { EnrolmentAnswer } from '../../contract/agent.ts'
import { EnrolmentKey, IncidentList } from '../../contract/api.ts'
import { DeviceDocument, type Incident, type Kind, type Room, RoomDocument } from '../../contract/entities.ts'
import type { SnapshotPage } from '../../contract/feed.ts'
import { AssignmentList } from '../../contract/policyApi.ts'
import { joinRoom } from '../../contract/roomDocuments.ts'
import { enrolmentOf, enrolRaw, newKey, TestDevice } from './agents/device.ts'
import { demo, type TestService } from './process.ts'

/** For tests: rooms of a demo service, each with a device that says what it is told to. */

/** Enrols devices, so that rooms in onboarding appear. */
export async function makeRooms(service: TestService, count: number): Promise<TestDevice[]> {
  const { key } = EnrolmentKey.parse((await service.ask('/v1/enrolment/key', { token: await service.tokenOf(demo.manager) })).json)
  const devices: TestDevice[] = []
  for (let made = 0; made < count; made += 1) {
    const own = newKey()
    const { answer } = await enrolRaw(service.url, enrolmentOf(own), `EnrolmentKey ${key}`)
    devices.push(new TestDevice(service.url, own, EnrolmentAnswer.parse(answer)))
  }
  return devices
}

/** Gives the demo's people of this role these rooms. */
export async function giveScope(service: TestService, role: string, rooms: readonly string[]): Promise<void> {
  const token = await service.tokenOf(demo.manager)
  const { items } = AssignmentList.parse((await service.ask('/v1/assignments', { token })).json)
  const assignment = items.find((item) => item.role === role)
  if (!assignment) throw new Error(`The demo has no assignment of ${role}.`)
  const { id, name, description, notify } = assignment
  const members = assignment.members.map((member) => ({ kind: member.kind, id: member.id }))
  const command = { type: 'assignment.save', assignment: id, role, name, description, notify, members, scope: { rooms, groups: [] } }
  const answer = await service.ask('/v1/commands', { token, body: { key: v7(), issuedAt: Date.now(), command } })
  if (answer.status !== 200) throw new Error(answer.text)
}

/** The rooms of a snapshot's page, as readers see them: each with its device. */
export function roomsOf({ rows }: Pick<z.infer<typeof SnapshotPage>, 'rows'>): Room[] {
  const docs = (kind: Kind) => rows.flatMap((row) => (row.kind === kind && row.doc !== undefined ? [row.doc] : []))
  const devices = new Map(
    docs('device')
      .map((doc) => DeviceDocument.parse(doc))
      .map((doc) => [doc.id, doc]),
  )
  return docs('room').flatMap((doc) => {
    const room = RoomDocument.parse(doc)
    const device = devices.get(room.id)
    return device ? [joinRoom(room, device)] : []
  })
}

/** Breaks the camera of an enrolled room and waits for the incident that needs action. */
export async function breakCamera(service: TestService, device: TestDevice): Promise<Incident> {
  await device.connect()
  await device.acknowledged(device.report({ 'peripherals.camera': 'unhealthy' }))
  const token = await service.tokenOf(demo.manager)
  for (;;) {
    const { items } = IncidentList.parse(
      (await service.ask(`/v1/incidents?status=needAction&room=${device.enrolment.room}`, { token })).json,
    )
    if (items[0]) return items[0]
  }
}
