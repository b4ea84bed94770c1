import { z } from 'zod'

/**
 * The signals of a room, by kind of device: categories, severities, allowed values and hold times (INC-1, ROM-4; the health signals,
 * incident tables and signal settings of the portal).
 */

export const SignalCategory = z.enum([
  'account',
  'software',
  'configuration',
  'audio',
  'display',
  'peripherals',
  'security',
  'connectivity',
  'customerReported',
])
export type SignalCategory = z.infer<typeof SignalCategory>

/**
 * The gravest first. Critical and important make a room unhealthy; a warning that stays unattended becomes important; a recommendation
 * never does, and raises no notification.
 */
export const Severity = z.enum(['critical', 'important', 'warning', 'recommended'])
export type Severity = z.infer<typeof Severity>

/** What stands in a room: Teams Rooms on Windows, an Android video bar, touch console or room panel, or any machine. */
export const DeviceKind = z.enum(['windows', 'videoBar', 'touchConsole', 'panel', 'host'])
export type DeviceKind = z.infer<typeof DeviceKind>

/** `notApplicable`: the device's profile has no such part (a host device without a front-of-room display). */
export const SignalValue = z.enum(['healthy', 'unhealthy', 'misconfigured', 'notPresent', 'unknown', 'notApplicable'])
export type SignalValue = z.infer<typeof SignalValue>

/** In the order in which they came to be: consoles keep a signal by its place here, so a new one stands last. */
export const SignalId = z.enum([
  'display.frontOfRoom1',
  'display.frontOfRoom2',
  'display.console',
  'audio.microphone',
  'audio.speaker',
  'peripherals.camera',
  'peripherals.hdmiIngest',
  'peripherals.proximity',
  'connectivity.signInExchange',
  'connectivity.signInTeams',
  'connectivity.signInSfb',
  'connectivity.network',
  'connectivity.agent',
  'connectivity.identity',
  'versioning.app',
  'versioning.os',
  'account.calendarSync',
  'software.timeDrift',
  'software.updateDisabled',
  'software.activation',
  'software.wsus',
  'software.updateReset',
  'configuration.appHeartbeat',
  'configuration.nightlyReboot',
  'peripherals.defaultCamera',
  'peripherals.contentCamera',
  'peripherals.diskSpace',
  'peripherals.diskHealth',
  'peripherals.usbSuspend',
  'peripherals.usbPower',
  'peripherals.bluetooth',
  'audio.configuredMicrophone',
  'audio.configuredSpeaker',
  'audio.defaultSpeaker',
  'audio.micPods',
  'audio.extraSpeakers',
  'peripherals.cpuLimited',
  'peripherals.sleepTimer',
  'peripherals.pairing',
  'security.defaultCredentials',
  'connectivity.wifiOnly',
  'connectivity.wifiStrength',
  'connectivity.updateBlocked',
  'connectivity.incompleteSignals',
  'customerReported.issue',
])
export type SignalId = z.infer<typeof SignalId>

export interface SignalDefinition {
  readonly category: SignalCategory
  readonly severity: Severity
  /** The kinds of device that have it. */
  readonly devices: readonly DeviceKind[]
  /** For how long the portal watches it before it says so, in minutes: the hold of the preset "like Pro Management". */
  readonly watchMinutes: number
  /** The values a device may report; `notApplicable` is always allowed too, except for derived signals. */
  readonly values: readonly SignalValue[]
  readonly enabledByDefault: boolean
  /** Made by the service, never reported by a device. */
  readonly derived: boolean
  /** Whoever says so has waited already: no hold before it opens or resolves. */
  readonly immediate: boolean
}

type Rest = Partial<Pick<SignalDefinition, 'enabledByDefault' | 'derived' | 'immediate'>> & { readonly also?: readonly SignalValue[] }

const define = (
  category: SignalCategory,
  severity: Severity,
  devices: readonly DeviceKind[],
  watchMinutes: number,
  { enabledByDefault = true, derived = false, immediate = false, also = [] }: Rest = {},
): SignalDefinition => ({
  category,
  severity,
  devices,
  watchMinutes,
  values: ['healthy', 'unhealthy', ...also, 'unknown'],
  enabledByDefault,
  derived,
  immediate,
})

const windows: readonly DeviceKind[] = ['windows']
const rooms: readonly DeviceKind[] = ['windows', 'videoBar', 'touchConsole']
const bars: readonly DeviceKind[] = ['windows', 'videoBar']
const machines: readonly DeviceKind[] = ['windows', 'host']
const every = DeviceKind.options
const absent: Rest = { also: ['notPresent'] }
const wrong: Rest = { also: ['misconfigured'] }
const derived: Rest = { derived: true }
const immediate: Rest = { derived: true, immediate: true }

export const signals: Readonly<Record<SignalId, SignalDefinition>> = {
  'display.frontOfRoom1': define('display', 'important', bars, 5),
  'display.frontOfRoom2': define('display', 'important', bars, 5, absent),
  'display.console': define('display', 'important', ['windows', 'touchConsole'], 5),
  'audio.microphone': define('audio', 'important', bars, 5, wrong),
  'audio.speaker': define('audio', 'important', bars, 5, wrong),
  'peripherals.camera': define('peripherals', 'important', bars, 5),
  'peripherals.hdmiIngest': define('peripherals', 'important', windows, 10, absent),
  'peripherals.proximity': define('peripherals', 'important', windows, 5, absent),
  'connectivity.signInExchange': define('account', 'critical', windows, 30, absent),
  'connectivity.signInTeams': define('account', 'critical', rooms, 30),
  'connectivity.signInSfb': define('account', 'important', windows, 30, { ...absent, enabledByDefault: false }),
  'connectivity.network': define('connectivity', 'warning', ['windows', 'videoBar', 'touchConsole', 'host'], 0),
  'connectivity.agent': define('connectivity', 'important', every, 0, immediate),
  'connectivity.identity': define('connectivity', 'important', every, 0, immediate),
  'versioning.app': define('software', 'warning', ['windows', 'videoBar', 'touchConsole', 'panel'], 0),
  'versioning.os': define('software', 'warning', every, 0),
  'account.calendarSync': define('account', 'critical', windows, 30, absent),
  'software.timeDrift': define('software', 'warning', machines, 0, derived),
  'software.updateDisabled': define('software', 'warning', windows, 0),
  'software.activation': define('software', 'recommended', windows, 0),
  'software.wsus': define('software', 'important', windows, 0, absent),
  'software.updateReset': define('software', 'important', windows, 0),
  'configuration.appHeartbeat': define('configuration', 'critical', rooms, 60),
  'configuration.nightlyReboot': define('configuration', 'warning', windows, 0),
  'peripherals.defaultCamera': define('peripherals', 'warning', windows, 5, absent),
  'peripherals.contentCamera': define('peripherals', 'important', windows, 5, absent),
  'peripherals.diskSpace': define('peripherals', 'important', machines, 15),
  'peripherals.diskHealth': define('peripherals', 'important', machines, 0),
  'peripherals.usbSuspend': define('peripherals', 'warning', windows, 0),
  'peripherals.usbPower': define('peripherals', 'warning', windows, 0),
  'peripherals.bluetooth': define('peripherals', 'warning', rooms, 0, absent),
  'audio.configuredMicrophone': define('audio', 'warning', windows, 5, absent),
  'audio.configuredSpeaker': define('audio', 'warning', windows, 5, absent),
  'audio.defaultSpeaker': define('audio', 'warning', windows, 5, absent),
  'audio.micPods': define('audio', 'warning', windows, 5, absent),
  'audio.extraSpeakers': define('audio', 'warning', windows, 5, absent),
  'peripherals.cpuLimited': define('peripherals', 'warning', windows, 0),
  'peripherals.sleepTimer': define('peripherals', 'warning', windows, 0),
  'peripherals.pairing': define('peripherals', 'warning', ['videoBar', 'touchConsole'], 60, absent),
  'security.defaultCredentials': define('security', 'warning', windows, 0),
  'connectivity.wifiOnly': define('connectivity', 'recommended', machines, 0),
  'connectivity.wifiStrength': define('connectivity', 'warning', machines, 0, absent),
  'connectivity.updateBlocked': define('connectivity', 'warning', windows, 10),
  'connectivity.incompleteSignals': define('connectivity', 'warning', windows, 150, derived),
  'customerReported.issue': define('customerReported', 'important', every, 0, immediate),
}

/** Short names of signals, where there are very many. A number is never given to another signal: what was stored before has it. */
export const signalCodes: Readonly<Record<SignalId, number>> = {
  'display.frontOfRoom1': 1,
  'display.frontOfRoom2': 2,
  'display.console': 3,
  'audio.microphone': 4,
  'audio.speaker': 5,
  'peripherals.camera': 6,
  'peripherals.hdmiIngest': 7,
  'peripherals.proximity': 8,
  'connectivity.signInExchange': 9,
  'connectivity.signInTeams': 10,
  'connectivity.signInSfb': 11,
  'connectivity.network': 12,
  'connectivity.agent': 13,
  'connectivity.identity': 14,
  'versioning.app': 15,
  'versioning.os': 16,
  'account.calendarSync': 17,
  'software.timeDrift': 18,
  'software.updateDisabled': 19,
  'software.activation': 20,
  'software.wsus': 21,
  'software.updateReset': 22,
  'configuration.appHeartbeat': 23,
  'configuration.nightlyReboot': 24,
  'peripherals.defaultCamera': 25,
  'peripherals.contentCamera': 26,
  'peripherals.diskSpace': 27,
  'peripherals.diskHealth': 28,
  'peripherals.usbSuspend': 29,
  'peripherals.usbPower': 30,
  'peripherals.bluetooth': 31,
  'audio.configuredMicrophone': 32,
  'audio.configuredSpeaker': 33,
  'audio.defaultSpeaker': 34,
  'audio.micPods': 35,
  'audio.extraSpeakers': 36,
  'peripherals.cpuLimited': 37,
  'peripherals.sleepTimer': 38,
  'peripherals.pairing': 39,
  'security.defaultCredentials': 40,
  'connectivity.wifiOnly': 41,
  'connectivity.wifiStrength': 42,
  'connectivity.updateBlocked': 43,
  'connectivity.incompleteSignals': 44,
  'customerReported.issue': 45,
}

/**
 * What people report by hand (INC-4) stands among signals so that it is listed, found and counted like them. No device reports it, nothing
 * observes it, and a room has any number of incidents of it, each of which people close.
 */
export const reportedByHand: SignalId = 'customerReported.issue'
export const isReportedByHand = ({ signal }: { readonly signal: SignalId }): boolean => signal === reportedByHand

/** The signals a device reports. */
export const reportedSignals = SignalId.options.filter((id) => !signals[id].derived)

/** Those that a device of this kind reports. */
export const signalsOf = (kind: DeviceKind): readonly SignalId[] => reportedSignals.filter((id) => signals[id].devices.includes(kind))

/** Where a severity stands among all, the gravest 0. */
export const severityOrder = (severity: Severity): number => Severity.options.indexOf(severity)

/** Whether an open incident of this severity makes its room unhealthy (ROM-1). */
export const isGrave = (severity: Severity): boolean => severity === 'critical' || severity === 'important'

export type Evidence = 'good' | 'bad' | 'none'

/** What a value says: misconfigured is bad, not present and not applicable are good, unknown is no evidence. */
export function evidenceOf(value: SignalValue): Evidence {
  switch (value) {
    case 'unhealthy':
    case 'misconfigured':
      return 'bad'
    case 'healthy':
    case 'notPresent':
    case 'notApplicable':
      return 'good'
    case 'unknown':
      return 'none'
  }
}

/** Whether a device may report this value for this signal. */
export function isReportable(signal: SignalId, value: SignalValue): boolean {
  const definition = signals[signal]
  return !definition.derived && (value === 'notApplicable' || definition.values.includes(value))
}
