import type { TestDevice } from './agents/device.ts'
import { demo, makeFolder, removeFolder, TestService } from './process.ts'
import { giveScope, makeRooms } from './rooms.ts'

export const people = ['manager', 'lead', 'tech', 'nobody'] as const
export type Who = (typeof people)[number]

/** For tests: a demo service with three rooms in onboarding. The first is the lead's, the second the technician's. */
export class DemoService {
  readonly service: TestService
  /** The folder of the service. */
  readonly data: string
  readonly tokens: Readonly<Record<Who, string>>
  readonly devices: TestDevice[]

  private constructor(service: TestService, tokens: Readonly<Record<Who, string>>, devices: TestDevice[]) {
    this.service = service
    this.data = service.data
    this.tokens = tokens
    this.devices = devices
  }

  static async start(...args: string[]): Promise<DemoService> {
    const service = await TestService.start(makeFolder(), '--demo', ...args)
    const tokens = { manager: '', lead: '', tech: '', nobody: '' }
    for (const who of people) tokens[who] = await service.tokenOf(demo[who])
    const made = new DemoService(service, tokens, await makeRooms(service, 3))
    await giveScope(service, 'siteLead', [made.roomOf(0)])
    await giveScope(service, 'siteTech', [made.roomOf(1)])
    return made
  }

  readonly roomOf = (index: number): string => this.devices[index]?.enrolment.room ?? ''

  async close(): Promise<void> {
    for (const device of this.devices) device.drop()
    await this.service.stop()
    removeFolder(this.data)
  }
}
