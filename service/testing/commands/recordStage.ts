import { v7 } from 'uuid'
import { expect } from 'vitest'
import { IncidentList, MeAnswer } from '../../../contract/api.ts'
import { Room } from '../../../contract/entities.ts'
import type { RoomId } from '../../../contract/ids.ts'
import { CustomerList } from '../../../contract/policyApi.ts'
import { until } from '../../../contract/testing/wait.ts'
import { TestDevice } from '../agents/device.ts'
import { admin, automatic, invitation, World } from '../partners/world.ts'

export const boss = 'boss@contoso.example'
export const other = 'one@contoso.example'
export const partner = 'boss@fabrikam.example'
export const asker = 'one@fabrikam.example'
export type Email = typeof boss | typeof other | typeof partner | typeof asker

/** For tests: an organisation with a room and an incident, a partner, and ids of what a command is about. */
export class RecordStage {
  readonly world: World
  /** Called Boardroom. */
  readonly room: RoomId
  readonly incident: string
  /** The person of `boss`. */
  readonly me: string
  group = ''
  role = ''
  assignment = ''
  link = ''
  suppression = ''
  /** What is reported by hand, and its number. */
  issue = ''
  issueNumber = 1
  /** A room in onboarding. */
  fresh = ''
  freshName = ''
  /** What a partner's person has asked for. */
  request = ''
  /** A policy file. */
  yaml = ''
  #rings = 0

  private constructor(world: World, room: RoomId, incident: string, me: string) {
    this.world = world
    this.room = room
    this.incident = incident
    this.me = me
  }

  static async start(): Promise<RecordStage> {
    const world = await World.start()
    await done(world, boss, { type: 'settings.change', changes: { openHoldMs: 0 } })
    const device = await TestDevice.enrol(
      world.url,
      { room: { name: 'Boardroom', place: { country: 'France', city: 'Lyon', building: 'A', floor: '1', timeZone: 'Europe/Paris' } } },
      'key-of-contoso-0123456789',
    )
    const { room } = device.enrolment
    await done(world, boss, { type: 'rooms.enrol', rooms: [room] })
    await device.connect()
    await device.acknowledged(device.report({ 'peripherals.camera': 'unhealthy' }, { full: true }))
    device.drop()
    const incident = (await until('the incident', async () => IncidentList.parse((await world.ask(boss, '/v1/incidents')).body).items[0]))
      .id
    // Known to the service, with their names.
    for (const email of [other, partner, asker] as const) await world.ask(email, '/v1/me')
    return new RecordStage(world, room, incident, MeAnswer.parse((await world.ask(boss, '/v1/me')).body).id)
  }

  async close(): Promise<void> {
    await this.world.close()
  }

  /** No partner is linked, and nothing has the ids yet. */
  async begin(): Promise<void> {
    const { items } = CustomerList.parse((await this.world.ask(partner, '/v1/customers')).body)
    for (const known of items) await this.done(boss, { type: 'partner.remove', link: known.link })
    ;[this.group, this.role, this.assignment, this.link] = [v7(), v7(), v7(), v7()]
    this.suppression = v7()
    this.issue = v7()
  }

  async done(email: Email, command: Record<string, unknown>): Promise<void> {
    await done(this.world, email, command)
  }

  suppress() {
    const { suppression, room } = this
    const what = { rooms: [room], groups: [], place: null, signals: ['peripherals.camera'] }
    const when = { from: null, until: null, recurrence: null }
    return { type: 'suppression.save', suppression, ...what, reason: 'Works', owner: null, ...when }
  }

  report() {
    this.issueNumber++
    return { type: 'issue.report', report: this.role, rooms: [this.room], incidents: [this.issue], text: 'The chairs are gone', high: true }
  }

  saveGroup() {
    const { group, room } = this
    return { type: 'group.save', group, name: `Group ${group}`, description: '', rooms: [room], rule: null }
  }

  saveRole() {
    return {
      type: 'role.save',
      role: this.role,
      name: `Role ${this.role}`,
      description: 'of some',
      permissions: ['rooms.view'],
      first: this.#first(),
    }
  }

  /** An own rule of notification. */
  saveRule() {
    const draft = {
      name: `Rule ${this.role}`,
      on: true,
      what: { events: ['opened'], severities: ['important'], groups: [], mine: false },
      when: { timeZone: 'Europe/Paris' },
      language: 'fr',
      to: { kind: 'me', console: true, desktop: false, email: false },
    }
    return { type: 'notifications.saveRule', rule: this.role, draft }
  }

  saveEndpoint(url = 'https://hooks.example/path') {
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
    return { type: 'endpoints.save', endpoint: this.role, draft: { name: `Hook ${this.role}`, kind: 'webhook', url, on: true, secret } }
  }

  saveAssignment() {
    return { type: 'assignment.save', ...this.#first(), role: 'siteTech' }
  }

  #first() {
    const { assignment, room } = this
    const scope = { rooms: [room], groups: [] }
    return { assignment, name: `Crew ${assignment}`, description: '', notify: false, members: [admin(other)], scope }
  }

  invite(changes: Record<string, unknown> = {}) {
    return { ...invitation([this.room]), link: this.link, ...changes }
  }

  async linked(changes: Record<string, unknown> = {}): Promise<void> {
    await this.done(boss, this.invite(changes))
    await this.done(partner, { type: 'invitation.accept', link: this.link, admins: [admin(asker)] })
  }

  async asked(): Promise<void> {
    await this.linked({ changeControl: { ...automatic, rings: 'manual' } })
    const key = v7()
    const command = { type: 'rooms.ring', rooms: [this.room], ring: this.#ring() }
    expect((await this.world.command(asker, command, { customer: 'contoso', key })).body).toMatchObject({ outcome: 'requested' })
    this.request = key
  }

  async freshRoom(): Promise<void> {
    this.fresh = await this.world.room('contoso')
    this.freshName = Room.parse((await this.world.ask(boss, `/v1/rooms/${this.fresh}`)).body).name
  }

  /** Another one each time, and never the one that the room is put into. */
  #ring(): string | undefined {
    return ['Executive', 'General'][this.#rings++ % 2]
  }
}

async function done(world: World, email: Email, command: Record<string, unknown>): Promise<void> {
  const answer = await world.command(email, command)
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
}
