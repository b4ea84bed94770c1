import { v7 } from 'uuid'
import type { TenantId } from '../../../contract/ids.ts'
import { makeOrganisations, type Answered, type Organisation } from '../partners/world.ts'
import { codeOf, makeFolder, removeFolder, TestService } from '../process.ts'
import type { Email, RemoteWorld } from './rig.ts'

/** For tests: the organisations of a `World` in a service that is a process of its own, which can be killed. */
export class ProcessWorld implements RemoteWorld {
  readonly folder: string
  readonly #tenants: ReadonlyMap<Organisation, TenantId>
  #service: TestService

  private constructor(folder: string, tenants: ReadonlyMap<Organisation, TenantId>, service: TestService) {
    this.folder = folder
    this.#tenants = tenants
    this.#service = service
  }

  static async start(...args: string[]): Promise<ProcessWorld> {
    const folder = makeFolder()
    const tenants = await makeOrganisations(folder, Date.now)
    return new ProcessWorld(folder, tenants, await TestService.start(folder, ...args))
  }

  get url(): string {
    return this.#service.url
  }

  /** All that the service has logged since it was started last. */
  get log(): string {
    return this.#service.log
  }

  /** Ends the service and starts it again on the same port, so that everyone finds it again. */
  async restart(signal: 'SIGTERM' | 'SIGKILL', ...args: string[]): Promise<void> {
    await this.#service.stop(signal)
    this.#service = await TestService.start(this.folder, '--port', new URL(this.url).port, ...args)
  }

  token(email: Email): Promise<string> {
    return this.#service.tokenOf(email)
  }

  async ask(email: Email, path: string, body?: unknown, customer?: Organisation): Promise<Answered> {
    const tenant = customer && this.#tenants.get(customer)
    const answer = await this.#service.ask(path, { token: await this.token(email), body, ...(tenant ? { tenant } : {}) })
    return { status: answer.status, body: answer.json ?? answer.text, code: codeOf(answer) }
  }

  command(email: Email, command: Record<string, unknown>, { customer }: { customer?: Organisation } = {}): Promise<Answered> {
    return this.ask(email, '/v1/commands', { key: v7(), issuedAt: Date.now(), command }, customer)
  }

  async close(): Promise<void> {
    await this.#service.stop()
    removeFolder(this.folder)
  }
}
