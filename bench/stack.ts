import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type Part, startPart } from '../build/part.ts'
import { run } from '../build/run.ts'
import { type Api, connect as connectApi } from '../build/start/api.ts'
import { limits } from '../contract/limits.ts'
import { programs } from '../contract/testing/programs.ts'
import { type Device, enrol, inParallel } from './device.ts'

const ServiceReady = z.object({ ready: z.literal(true), service: z.url() })
export const administrator = 'amelie.laurent@contoso.example'

export interface Service {
  readonly url: string
  readonly data: string
  readonly log: string
  readonly part: Part<unknown>
  readonly api: Api
  readonly token: string
}

export interface ServiceOptions {
  /** A free one unless told. */
  readonly port?: number
  /** Of the service's command line. */
  readonly more?: readonly string[]
}

/** Starts the service on a demo tenant, with its inspector open. */
export async function startService(folder: string, { port = 0, more = [] }: ServiceOptions = {}): Promise<Service> {
  const log = join(folder, 'service.log')
  const part = await startPart({
    name: 'service',
    args: [
      ...['--inspect=127.0.0.1:0', programs.service, 'serve', '--demo', '--port', String(port)],
      ...['--data', folder, '--log-level', 'warn', ...more],
    ],
    ready: ServiceReady,
    log,
  })
  const url = part.ready.service
  const { code, output, answer } = await run(process.execPath, [programs.service, 'token', '--user', administrator, '--data', folder])
  if (code !== 0) throw new Error(`no token: ${output}`)
  const token = answer.trim()
  return { url, data: folder, log, part, token, api: connectApi(url, token) }
}

/** Writes the enrolment key to a file, for agents that take it from one. */
export async function keyFile(service: Service): Promise<string> {
  const file = join(service.data, 'enrolment.key')
  writeFileSync(file, await service.api.enrolmentKey(), { mode: 0o600 })
  return file
}

const enrolTogether = 16
/** One key may be used so often in a minute, and so many rooms may wait in onboarding; a reset brings another key. */
const perKey = Math.floor(limits.requestsPerMinute * 0.8)

/** Enrols devices and their rooms. */
export async function enrolDevices(service: Service, count: number): Promise<Device[]> {
  const devices: Device[] = []
  while (devices.length < count) {
    if (devices.length > 0) await service.api.resetEnrolmentKey()
    const key = await service.api.enrolmentKey()
    const first = devices.length
    const more = Math.min(perKey, count - first)
    const some = await inParallel(more, enrolTogether, (index) => enrol(service.url, key, first + index))
    await service.api.enrolRooms(some.map((device) => device.room))
    devices.push(...some)
  }
  return devices
}
