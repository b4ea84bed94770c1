import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { EnrolmentAnswer } from '../../contract/agent.ts'
import type { Device } from '../devices/device.ts'
import { enrol, credentialName, type EnrolOptions } from './enrol.ts'
import { enrolmentErrors, otherErrorRemedy, type EnrolmentErrorId } from './enrolment-errors.ts'
import { ExplainedError } from '../explained.ts'
import { makePrivateFolder, readIfThere, writePrivateFile } from './files.ts'
import { blocksEnrolment, type HostResult } from './hosts.ts'
import type { DeviceKey, KeyStore } from './identity.ts'
import type { DeviceLog } from './log.ts'
import { checkPrerequisites, firstFailure, type PrerequisiteResult } from './prerequisites.ts'

/** What an installed agent keeps in its folder. The id is made before the first request, so that a retry is the same. */
const Stored = z.object({ installation: z.uuid(), enrolment: EnrolmentAnswer.optional() })
type Stored = z.infer<typeof Stored>

const fileIn = (folder: string) => join(folder, 'installation.json')

/** Why an installation cannot go on: the checks, and the error of the table that they led to, if it is one of them. */
export class InstallationError extends ExplainedError {
  override readonly name = 'InstallationError'
  readonly error: EnrolmentErrorId | undefined
  readonly prerequisites: readonly PrerequisiteResult[]
  readonly hosts: readonly HostResult[]
  override readonly remedy: string

  constructor(message: string, found: { error?: EnrolmentErrorId; prerequisites: readonly PrerequisiteResult[]; hosts: readonly HostResult[] }) {
    super(message)
    this.error = found.error
    this.prerequisites = found.prerequisites
    this.hosts = found.hosts
    this.remedy = (found.error === undefined ? otherErrorRemedy : enrolmentErrors[found.error].remedy).en
  }
}

export interface InstallOptions extends Omit<EnrolOptions, 'installation' | 'key' | 'device' | 'onRetry'> {
  folder: string
  device: Device
  keys: KeyStore
  log: DeviceLog
  newId: () => string
  /** What was written survives a loss of power. */
  durable: boolean
  /** Checks the hosts of the deployment; left out where nothing filters the traffic. */
  checkHosts?: () => Promise<HostResult[]>
}

export interface Installed {
  enrolment: EnrolmentAnswer
  key: DeviceKey
}

/** What the folder says of an installation that was finished, or undefined. */
export function enrolmentIn(folder: string): EnrolmentAnswer | undefined {
  return readStored(folder)?.enrolment
}

/** The installation of this folder, if it was finished and its key is there. */
export async function installedIn(folder: string, keys: KeyStore): Promise<Installed | undefined> {
  const enrolment = enrolmentIn(folder)
  const key = enrolment && (await keys.open())
  return enrolment && key && { enrolment, key }
}

/**
 * Installs the agent on a device, or takes up what was begun: prerequisites, hosts, key pair, enrolment (ENR-1, 2, 3).
 * Every step stands in the installation log (ENR-7).
 * @throws InstallationError where the device does not fit, RoomkeeperError where the service refuses.
 */
export async function install(options: InstallOptions): Promise<Installed> {
  const { folder, device, keys, log, newId, durable, checkHosts, ...request } = options
  const before = await installedIn(folder, keys)
  if (before) return before
  makePrivateFolder(folder)
  log.installation('info', `Installing for ${device.roomName}, profile ${device.profile}, with ${credentialName(request.credential)}.`)
  try {
    await checkDevice(device, log, checkHosts)
    const stored = readStored(folder)
    let key = await keys.open()
    // An enrolment whose key is gone is worth nothing: this is a new installation.
    let installation = stored?.enrolment && !key ? undefined : stored?.installation
    installation ??= device.installation ?? newId()
    if (device.installation === undefined) writeStored(folder, { installation }, durable)
    key ??= await keys.create()
    log.installation('info', `The device has its key (${key.protection}).`)
    const enrolment = await enrol({
      ...request,
      installation,
      key,
      device,
      onRetry: (why) => {
        log.installation('warn', why)
      },
    })
    writeStored(folder, { installation, enrolment }, durable)
    log.installation('info', `Enrolled as device ${enrolment.device}, room ${enrolment.room}.`)
    return { enrolment, key }
  } catch (error) {
    log.installation('error', error instanceof Error ? error.message : String(error))
    throw error
  }
}

/** Removes the agent's key and files from the device (the off-boarding script). */
export async function uninstall(folder: string, keys: KeyStore): Promise<void> {
  await keys.remove()
  rmSync(folder, { recursive: true, force: true })
}

async function checkDevice(device: Device, log: DeviceLog, checkHosts: InstallOptions['checkHosts']): Promise<void> {
  const prerequisites = await checkPrerequisites(device.profile, device.answers)
  for (const { id, outcome } of prerequisites) log.installation('info', `Prerequisite ${id}: ${outcome}`)
  const error = firstFailure(prerequisites)
  if (error) throw new InstallationError(enrolmentErrors[error].message.en, { error, prerequisites, hosts: [] })
  const hosts = (await checkHosts?.()) ?? []
  for (const { host, step, detail } of hosts) {
    log.installation(step === 'passed' ? 'info' : 'warn', `Host ${host}: ${step}${detail ? `, ${detail}` : ''}`)
  }
  const blocking = hosts.filter(blocksEnrolment)
  if (blocking.length > 0) {
    const named = blocking.map(({ host, step }) => `${host} (${step})`).join(', ')
    throw new InstallationError(`These hosts cannot be reached: ${named}`, { prerequisites, hosts })
  }
}

function readStored(folder: string): Stored | undefined {
  const text = readIfThere(fileIn(folder))
  try {
    return text === undefined ? undefined : Stored.parse(JSON.parse(text))
  } catch {
    // Damaged beyond reading: the device installs anew, with the key that it has.
    return undefined
  }
}

function writeStored(folder: string, stored: Stored, durable: boolean): void {
  writePrivateFile(fileIn(folder), `${JSON.stringify(stored, undefined, 2)}\n`, durable)
}
