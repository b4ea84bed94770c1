import { createHash, generateKeyPairSync } from 'node:crypto'
import { v7 } from 'uuid'
import type { ServiceToAgent } from '../../../contract/agent.ts'
import { SessionId } from '../../../contract/ids.ts'
import { AuditPage, type AuditRecordView } from '../../../contract/policyApi.ts'
import type { RelayToSide } from '../../../contract/relay.ts'
import { SessionAnswer, SessionRecord, sessionProof } from '../../../contract/remote.ts'
import type { RemoteFacts, RemoteMode } from '../../../contract/remoteFacts.ts'
import { until } from '../../../contract/testing/wait.ts'
import { facts, signed, TestDevice } from '../agents/device.ts'
import { type Answered, objectIdOf, type Organisation, type World } from '../partners/world.ts'
import { TestSide } from '../relay/client.ts'

/** For tests of remote sessions: rooms whose devices offer them, operators who may, and the two ends as a test drives them. */

export type Email = Parameters<World['token']>[0]
/** What a test asks of a service, in this process or in one of its own. */
export type RemoteWorld = Pick<World, 'url' | 'token' | 'ask' | 'command'>

export const everything: RemoteFacts = { displays: ['console', 'frontOfRoom1'], terminal: true, restart: true }

export const ephemeral = (): string => {
  const { x } = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })
  return x ?? ''
}

export async function done(answer: Promise<Answered>): Promise<Answered> {
  const given = await answer
  if (given.status !== 200) throw new Error(JSON.stringify(given.body))
  return given
}

type Told<T extends ServiceToAgent['type']> = Extract<ServiceToAgent, { type: T }>

export interface DeviceOptions {
  /** Null: it offers nothing. */
  readonly remote?: RemoteFacts | null
  readonly organisation?: Organisation
  readonly enrolled?: boolean
  /** Of its room. */
  readonly name?: string
}

/** A device of an enrolled room, connected. */
export class RemoteDevice {
  readonly device: TestDevice
  readonly installation: string

  constructor(device: TestDevice, installation: string) {
    this.device = device
    this.installation = installation
  }

  static async make(
    world: RemoteWorld,
    { remote = everything, organisation = 'contoso', enrolled = true, name = 'Lyon 1' }: DeviceOptions = {},
  ): Promise<RemoteDevice> {
    const place = { country: 'France', city: 'Lyon', building: 'Confluence', floor: '1', timeZone: 'Europe/Paris' }
    const installation = v7()
    const device = await TestDevice.enrol(
      world.url,
      { installation, facts: { ...facts, ...(remote ? { remote } : {}) }, room: { name, place } },
      `key-of-${organisation}-0123456789`,
    )
    if (enrolled) await done(world.command(`boss@${organisation}.example`, { type: 'rooms.enrol', rooms: [device.enrolment.room] }))
    await device.connect()
    return new RemoteDevice(device, installation)
  }

  get room(): string {
    return this.device.enrolment.room
  }

  told<T extends 'session' | 'sessionTicket' | 'sessionEnd'>(type: T, session: string): Told<T> | undefined {
    const is = (message: ServiceToAgent): message is Told<T> => message.type === type && 'session' in message && message.session === session
    return this.device.heard.find(is)
  }

  async offered(session: string): Promise<Told<'session'>> {
    return until('the offer of a session', () => this.told('session', session))
  }

  async over(session: string): Promise<string> {
    return (await until('the end of a session', () => this.told('sessionEnd', session))).reason
  }

  /** Waits for the offer and agrees to it, as a device does. */
  async agree(session: string): Promise<Told<'session'>> {
    const offer = await this.offered(session)
    const key = ephemeral()
    const hash = createHash('sha256').update(offer.grant).digest('base64url')
    this.device.say({ type: 'sessionAccepted', session, key, signature: signed(this.device.key, sessionProof(session, hash, key)) })
    return offer
  }

  /** Says something, and waits until the service has heard it. */
  async beat(): Promise<void> {
    const before = this.device.heard.filter(({ type }) => type === 'beat').length
    this.device.say({ type: 'beat' })
    await until('a beat', () => this.device.heard.filter(({ type }) => type === 'beat').length > before)
  }

  /** Says that there is a call, or none, and waits until the service has it. */
  async call(inCall: boolean): Promise<void> {
    await this.device.acknowledged(this.device.report({}, { facts: { inCall } }))
  }
}

/** Who asks, in the name of which customer. */
export interface Operator {
  readonly email: Email
  readonly customer?: Organisation
}

export class Rig {
  readonly world: RemoteWorld

  constructor(world: RemoteWorld) {
    this.world = world
  }

  async settings(changes: Record<string, unknown>, organisation: Organisation = 'contoso'): Promise<void> {
    await done(this.world.command(`boss@${organisation}.example`, { type: 'settings.change', changes }))
  }

  async switchOn(organisation: Organisation = 'contoso'): Promise<void> {
    await this.settings({ remoteAccess: true, remoteContact: `audit@${organisation}.example` }, organisation)
  }

  /** Gives someone a role of these permissions over these rooms; returns the assignment. */
  async give(
    email: Email,
    permissions: readonly string[],
    rooms: readonly string[],
    by: Operator = { email: 'boss@contoso.example' },
  ): Promise<{ assignment: string; role: string }> {
    const [role, assignment] = [v7(), v7()]
    await done(this.world.command(by.email, { type: 'role.save', role, name: `role ${role}`, description: '', permissions }, by))
    const members = [{ kind: 'person', id: objectIdOf(email) }]
    await done(
      this.world.command(
        by.email,
        {
          type: 'assignment.save',
          assignment,
          role,
          name: `assignment ${assignment}`,
          description: '',
          notify: false,
          members,
          scope: { rooms, groups: [] },
        },
        by,
      ),
    )
    return { assignment, role }
  }

  ask(operator: Operator, path: string, body?: unknown): Promise<Answered> {
    return this.world.ask(operator.email, path, body, operator.customer)
  }

  begin(
    operator: Operator,
    room: string,
    mode: RemoteMode = 'modify',
    session: string = v7(),
    key: string = ephemeral(),
  ): { session: SessionId; answer: Promise<Answered> } {
    return { session: SessionId.parse(session), answer: this.ask(operator, '/v1/sessions', { session, room, mode, key }) }
  }

  /** A session that runs: the device has agreed, and both sides are at the relay, unless `joined` is false. */
  async session(
    operator: Operator,
    device: RemoteDevice,
    { mode = 'modify', joined = true }: { mode?: RemoteMode; joined?: boolean } = {},
  ): Promise<Running> {
    const { session, answer } = this.begin(operator, device.room, mode)
    const offer = await device.agree(session)
    const body = SessionAnswer.parse((await done(answer)).body)
    if (!joined) return { session, answer: body, offer, sides: undefined }
    const atOperator = await TestSide.ticket(this.world.url, body.ticket)
    const atDevice = await TestSide.ticket(this.world.url, offer.ticket)
    await until('both sides at the relay', () => atDevice.secret && atOperator.secret)
    return { session, answer: body, offer, sides: { operator: atOperator, device: atDevice } }
  }

  async record(operator: Operator, session: string): Promise<SessionRecord> {
    return SessionRecord.parse((await done(this.ask(operator, `/v1/sessions/${session}`))).body)
  }

  /** The row of a session that is over. */
  async ended(session: string, operator: Operator = { email: 'boss@contoso.example' }): Promise<SessionRecord> {
    return until('the end of a session in the log', async () => {
      const record = await this.record(operator, session)
      return record.endedAt !== null && record
    })
  }

  /** The audit's records of a session, the oldest first. */
  async audited(session: string, organisation: Organisation = 'contoso'): Promise<AuditRecordView[]> {
    const page = AuditPage.parse(
      (await done(this.world.ask(`boss@${organisation}.example`, '/v1/audit?category=RemoteSession&limit=200'))).body,
    )
    return page.items.filter(({ detail }) => detail['session'] === session).reverse()
  }
}

/** The next of this type that the relay says to a side; what comes before it is passed over. */
export async function relayWord(side: TestSide, type: RelayToSide['type']): Promise<RelayToSide> {
  for (;;) {
    const word = await side.control()
    if (word.type === type) return word
  }
}

export interface Sides {
  readonly operator: TestSide
  readonly device: TestSide
}

export interface Running {
  readonly session: SessionId
  readonly answer: SessionAnswer
  readonly offer: Told<'session'>
  readonly sides: Sides | undefined
}
