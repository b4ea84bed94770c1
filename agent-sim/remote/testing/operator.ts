import { Agent as HttpAgent } from 'node:http'
import { v7 } from 'uuid'
import type { ErrorCode } from '../../../contract/errors.ts'
import { PersonId, SessionId, TenantId } from '../../../contract/ids.ts'
import { ConsoleToDevice, controlChannel, DeviceToConsole, type SessionGrant } from '../../../contract/remote.ts'
import { isDeviceHalf } from '../../../contract/sealed/grant.ts'
import type { Link, LinkState } from '../../../contract/sealed/interfaces.ts'
import { agree, makePair } from '../../../contract/sealed/keys.ts'
import { SealedLink } from '../../../contract/sealed/link.ts'
import { chance } from '../../../contract/testing/chance.ts'
import { realSystem } from '../../../contract/testing/system.ts'
import { until } from '../../../contract/testing/wait.ts'
import type { FakeDevice, FakeService } from '../../testing/fake-service.ts'
import { relayDial } from '../dial.ts'

export interface OfferChanges extends Partial<SessionGrant> {
  /** In the place of the ticket to upload with. */
  upload?: string
}

/** The console's end of a session with a device of the fake service, over its relay. */
export class Operator {
  readonly session = SessionId.parse(v7())
  readonly heard: DeviceToConsole[] = []
  state: LinkState = { state: 'connecting' }
  refused: ErrorCode | undefined
  readonly #service: FakeService
  readonly #device: FakeDevice
  readonly #pair = makePair()
  readonly #bytes = new Map<number, Buffer>()
  #link: Link | undefined

  constructor(service: FakeService, device: FakeDevice) {
    this.#service = service
    this.#device = device
  }

  /** Offers a session; resolves when the device has refused, or says what there is. */
  async start({ upload, ...changes }: OfferChanges = {}): Promise<this> {
    const now = Date.now() / 1_000
    const grant = this.#service.sign({
      iss: this.#service.name,
      sid: this.session,
      tenant: TenantId.parse(v7()),
      room: this.#device.room,
      device: this.#device.device,
      operator: { id: PersonId.parse(v7()), name: 'Ada Lovelace' },
      mode: 'modify',
      displays: ['console', 'frontOfRoom1', 'frontOfRoom2'],
      terminal: changes.mode !== 'view',
      record: false,
      key: this.#pair.publicKey,
      iat: now,
      exp: now + 600,
      ...changes,
    })
    this.#service.say(this.#device, {
      type: 'session',
      session: this.session,
      grant,
      ticket: `${this.session}.device`,
      ...(upload === undefined ? {} : { upload }),
    })
    await until('an answer of the device', () => this.#words('sessionAccepted') || this.#words('sessionRefused'))
    const refusal = this.#device.words.find((word) => word.type === 'sessionRefused' && word.session === this.session)
    if (refusal?.type === 'sessionRefused') {
      this.refused = refusal.code
      return this
    }
    const half = this.#device.words.find((word) => word.type === 'sessionAccepted' && word.session === this.session)
    if (half?.type !== 'sessionAccepted' || !isDeviceHalf(half, grant, this.#device.publicKey))
      throw new Error('the device has not signed its half')
    this.#link = new SealedLink({
      side: 'operator',
      keys: agree({ side: 'operator', privateKey: this.#pair.privateKey, peerKey: half.key, grant }),
      dial: relayDial(new URL(this.#service.url), () => new HttpAgent(), realSystem.clock),
      first: { ticket: `${this.session}.operator` },
      freshTicket: () => Promise.resolve({ ticket: `${this.session}.operator` }),
      timers: realSystem.clock,
      now: Date.now,
      random: chance('operator'),
      onFrame: (channel, bytes) => {
        if (channel === controlChannel) this.heard.push(DeviceToConsole.parse(JSON.parse(Buffer.from(bytes).toString('utf8'))))
        else this.#bytes.set(channel, Buffer.concat([this.on(channel), bytes]))
      },
      onState: (state) => {
        this.state = state
      },
      onRoom: () => undefined,
    })
    this.#link.start()
    await until('what the device offers', () => this.heard.length > 0)
    return this
  }

  say(message: ConsoleToDevice): void {
    this.send(controlChannel, Buffer.from(JSON.stringify(ConsoleToDevice.parse(message))))
  }

  send(channel: number, bytes: Uint8Array | string): void {
    this.#link?.send(channel, typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
  }

  /** All bytes that came over a channel. */
  on(channel: number): Buffer {
    return this.#bytes.get(channel) ?? Buffer.alloc(0)
  }

  /** Resolves when the device has said this of a channel, or of the session. */
  async hears(type: DeviceToConsole['type'], channel?: number): Promise<DeviceToConsole> {
    const found = () =>
      this.heard.find(
        (message) => message.type === type && (channel === undefined || ('channel' in message && message.channel === channel)),
      )
    await until(`${type} from the device, after ${JSON.stringify(this.heard)}`, () => found() !== undefined)
    const message = found()
    if (!message) throw new Error('it is gone')
    return message
  }

  /** Leaves without a word. */
  leave(): void {
    this.#link?.end('operatorEnded')
  }

  #words(type: string): boolean {
    return this.#device.words.some((word) => word.type === type && 'session' in word && word.session === this.session)
  }
}
