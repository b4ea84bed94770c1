import { z } from 'zod'

/** The signals of a room, their categories, severities and allowed values (INC-1; incident tables of the portal). */

export const SignalCategory = z.enum(['audio', 'display', 'peripherals', 'connectivity', 'versioning', 'customerReported'])
export type SignalCategory = z.infer<typeof SignalCategory>

export const Severity = z.enum(['important', 'warning'])
export type Severity = z.infer<typeof Severity>

/** `notApplicable`: the device's profile has no such part (a host device without a front-of-room display). */
export const SignalValue = z.enum(['healthy', 'unhealthy', 'misconfigured', 'notPresent', 'unknown', 'notApplicable'])
export type SignalValue = z.infer<typeof SignalValue>

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
])
export type SignalId = z.infer<typeof SignalId>

export interface SignalDefinition {
  readonly category: SignalCategory
  readonly severity: Severity
  /** The values a device may report; `notApplicable` is always allowed too, except for derived signals. */
  readonly values: readonly SignalValue[]
  readonly enabledByDefault: boolean
  /** Made by the service, never reported by a device. */
  readonly derived: boolean
}

const reported = (category: SignalCategory, severity: Severity, ...extra: SignalValue[]): SignalDefinition => ({
  category,
  severity,
  values: ['healthy', 'unhealthy', ...extra, 'unknown'],
  enabledByDefault: true,
  derived: false,
})

export const signals: Readonly<Record<SignalId, SignalDefinition>> = {
  'display.frontOfRoom1': reported('display', 'important'),
  'display.frontOfRoom2': reported('display', 'important', 'notPresent'),
  'display.console': reported('display', 'important'),
  'audio.microphone': reported('audio', 'important', 'misconfigured'),
  'audio.speaker': reported('audio', 'important', 'misconfigured'),
  'peripherals.camera': reported('peripherals', 'important'),
  'peripherals.hdmiIngest': reported('peripherals', 'important', 'notPresent'),
  'peripherals.proximity': reported('peripherals', 'important', 'notPresent'),
  'connectivity.signInExchange': reported('connectivity', 'important'),
  'connectivity.signInTeams': reported('connectivity', 'important'),
  'connectivity.signInSfb': { ...reported('connectivity', 'important', 'notPresent'), enabledByDefault: false },
  'connectivity.network': reported('connectivity', 'warning'),
  'connectivity.agent': {
    category: 'connectivity',
    severity: 'important',
    values: ['healthy', 'unhealthy'],
    enabledByDefault: true,
    derived: true,
  },
  'connectivity.identity': {
    category: 'connectivity',
    severity: 'important',
    values: ['healthy', 'unhealthy'],
    enabledByDefault: true,
    derived: true,
  },
  'versioning.app': reported('versioning', 'warning'),
  'versioning.os': reported('versioning', 'warning'),
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
}

/** The signals a device reports, in the order screens show them. */
export const reportedSignals = SignalId.options.filter((id) => !signals[id].derived)

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
