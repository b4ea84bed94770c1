import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { EnrolmentAnswer } from '../../contract/agent.ts'
import { KeyProtection } from '../../contract/entities.ts'
import { type ErrorCode, RoomkeeperError } from '../../contract/errors.ts'
import type { Device } from '../devices/device.ts'
import { ExplainedError } from '../explained.ts'
import { enrol, type Credential, credentialName, type EnrolOptions } from './enrol.ts'
import { enrolmentErrors, otherErrorRemedy, type EnrolmentErrorId } from './enrolment-errors.ts'
import { makePrivateFolder, readIfThere, writePrivateFile } from './files.ts'
import { blocksEnrolment, type HostResult } from './hosts.ts'
import { type DeviceKey, type KeyStore, KeyStoreError, newKeyRemedy, thumbprintOf } from './identity.ts'
import type { DeviceLog } from './log.ts'
import { checkPrerequisites, firstFailure, type PrerequisiteResult } from './prerequisites.ts'

/**
 * What an installed agent keeps in its folder. The id is made before the first request, so that a retry is the same. `keys`: where the
 * key is that it enrolled with; absent in files from before that was kept.
 */
const Stored = z.object({ installation: z.uuid(), enrolment: EnrolmentAnswer.optional(), keys: KeyProtection.optional() })
type Stored = z.infer<typeof Stored>

const fileIn = (folder: string) => join(folder, 'installation.json')

/** Why an installation cannot go on: the checks, and the error of the table that they led to, if it is one of them. */
export class InstallationError extends ExplainedError {
  override readonly name = 'InstallationError'
  readonly error: EnrolmentErrorId | undefined
  readonly prerequisites: readonly PrerequisiteResult[]
  readonly hosts: readonly HostResult[]
  override readonly remedy: string

  constructor(
    message: string,
    found: { error?: EnrolmentErrorId; prerequisites: readonly PrerequisiteResult[]; hosts: readonly HostResult[] },
  ) {
    super(message)
    this.error = found.error
    this.prerequisites = found.prerequisites
    this.hosts = found.hosts
    this.remedy = (found.error === undefined ? otherErrorRemedy : enrolmentErrors[found.error].remedy).en
  }
}

export interface InstallOptions extends Omit<EnrolOptions, 'installation' | 'key' | 'former' | 'device' | 'credential'> {
  folder: string
  /** Undefined: what has enrolled before is taken up by its key, and nothing else. */
  credential: Credential | undefined
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

/** What the folder says of an installation that was finished, or undefined. @throws FileError */
export function enrolmentIn(folder: string): EnrolmentAnswer | undefined {
  return readStored(folder)?.enrolment
}

/** Where the key is that the device of this folder enrolled with, as far as its file says. @throws FileError */
export const keysOfInstallation = (folder: string): KeyProtection | undefined => readStored(folder)?.keys

/**
 * The key that this folder is enrolled with is there from now on. Nothing where it has no file, or none that can be read.
 * @throws FileError
 */
export function moveKeysOfInstallation(folder: string, keys: KeyProtection): void {
  const stored = readStored(folder)
  if (stored && stored.keys !== keys) writeStored(folder, { ...stored, keys }, true)
}

/**
 * The installation of this folder, if it was finished.
 * @throws KeyStoreError where its key is gone or cannot be used: no other one is made in its place unasked
 */
export async function installedIn(folder: string, keys: KeyStore): Promise<Installed | undefined> {
  const enrolment = enrolmentIn(folder)
  if (!enrolment) return undefined
  const key = await keys.open()
  if (!key) throw keyGone(folder, keys)
  return { enrolment, key }
}

const keyGone = (folder: string, keys: KeyStore): KeyStoreError =>
  new KeyStoreError(`The key of this device is gone from ${folder} (${keys.protection}).`, { remedy: newKeyRemedy })

/**
 * Installs the agent on a device, or takes up what was begun: prerequisites, hosts, key pair, enrolment (ENR-1, 2, 3). Where the files
 * were lost and the key was not, the service knows it, and gives back what the device had. Every step stands in the installation log
 * (ENR-7).
 * @throws InstallationError where the device does not fit, RoomkeeperError where the service refuses, WayError where no way
 * leads to it, KeyStoreError, FileError.
 */
export async function install(options: InstallOptions): Promise<Installed> {
  const { folder, keys, log, durable } = options
  const before = await installedIn(folder, keys)
  if (before) return before
  makePrivateFolder(folder, durable)
  return logged(log, async () => {
    const kept = await keys.open()
    const begun = begin(options)
    const enrolment = (kept && (await giveBack(options, begun, kept))) ?? (await enrolNew(options, begun, kept))
    const key = kept ?? (await keys.open())
    if (!key) throw keyGone(folder, keys)
    writeStored(folder, { installation: begun, enrolment, keys: keys.protection }, durable)
    log.installation('info', `Enrolled as device ${enrolment.device}, room ${enrolment.room}.`)
    return { enrolment, key }
  })
}

/**
 * Enrols the device of this folder with another key, which `next` keeps until the service has taken it; `adopt` then makes it the key.
 * Where the key before can still sign for it, the room stays as it is. Broken off at any moment, it is taken up by the next call.
 * @throws as `install`
 */
export async function installWithNewKey(
  options: InstallOptions & { next: KeyStore; adopt: () => void },
): Promise<Installed & { proved: boolean }> {
  const { folder, device, keys, log, durable, next, adopt, credential } = options
  makePrivateFolder(folder, durable)
  return logged(log, async () => {
    if (!credential) throw new ExplainedError('A new key is taken with a self-enrolment key or the account of the room only.')
    const former = await keys.open().catch((error: unknown) => {
      if (!(error instanceof ExplainedError)) throw error
      log.installation('warn', `The key before cannot sign for the new one: ${error.message}`)
      return undefined
    })
    // Its room is known by its key alone.
    if (former && !enrolmentIn(folder)) await install(options)
    await checkDevice(device, log, options.checkHosts)
    const installation = begin(options)
    const key = (await next.open()) ?? (await next.create())
    log.installation('info', `The device has another key (${key.protection}).`)
    const enrolment = await ask(options, { credential, installation, key, former })
    adopt()
    writeStored(folder, { installation, enrolment, keys: key.protection }, durable)
    log.installation('info', `Enrolled with another key as device ${enrolment.device}, room ${enrolment.room}.`)
    return { enrolment, key, proved: former !== undefined }
  })
}

async function logged<T>(log: DeviceLog, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : ''
    log.installation('error', `${error instanceof Error ? error.message : String(error)}${cause}`)
    throw error
  }
}

/** The id of this folder's installation, which is on the disk before anybody hears it. */
function begin({ folder, device, newId, durable }: InstallOptions): string {
  const stored = readStored(folder)
  const installation = stored?.installation ?? device.installation ?? newId()
  if (!stored && device.installation === undefined) writeStored(folder, { installation }, durable)
  return installation
}

/** Of a service that does not know the key, or no such way back. */
const notKnown: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['device.unknown', 'auth.missing'])

async function giveBack(options: InstallOptions, installation: string, key: DeviceKey): Promise<EnrolmentAnswer | undefined> {
  try {
    const enrolment = await ask(options, { credential: { kind: 'own', secret: thumbprintOf(key.publicKey) }, installation, key })
    options.log.installation('info', 'The service knows the key of this device, and gave back what it had.')
    return enrolment
  } catch (error) {
    if (error instanceof RoomkeeperError && notKnown.has(error.code)) return undefined
    throw error
  }
}

async function enrolNew(options: InstallOptions, installation: string, kept: DeviceKey | undefined): Promise<EnrolmentAnswer> {
  const { device, log, credential, keys } = options
  if (!credential) throw new ExplainedError(`${device.roomName} is not enrolled, and neither a key nor an account was given.`)
  log.installation('info', `Installing for ${device.roomName}, profile ${device.profile}, with ${credentialName(credential)}.`)
  await checkDevice(device, log, options.checkHosts)
  const key = kept ?? (await keys.create())
  log.installation('info', `The device has its key (${key.protection}).`)
  return ask(options, { credential, installation, key })
}

function ask(
  options: InstallOptions,
  said: Pick<EnrolOptions, 'credential' | 'installation' | 'key' | 'former'>,
): Promise<EnrolmentAnswer> {
  const { url, agent, timers, pause, random, signal, device, log } = options
  return enrol({
    url,
    pause,
    timers,
    random,
    device,
    ...said,
    ...(agent ? { agent } : {}),
    ...(signal ? { signal } : {}),
    onRetry: (why) => {
      log.installation('warn', why)
      options.onRetry?.(why)
    },
  })
}

/**
 * Removes the agent's key and files from the device (the off-boarding script). Goes on where something cannot be removed.
 * @returns what could not be, and why; one line each
 */
export async function uninstall(folder: string, keys: KeyStore): Promise<string[]> {
  const left: string[] = []
  const attempt = async (what: string, work: () => Promise<void> | void): Promise<void> => {
    try {
      await work()
    } catch (error) {
      left.push(`${what}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  await attempt(`the key (${keys.protection})`, () => keys.remove())
  await attempt(folder, () => {
    rmSync(folder, { recursive: true, force: true })
  })
  return left
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
