import type { DeviceProfile } from '../../contract/entities.ts'
import type { PrerequisiteAnswers } from '../devices/device.ts'
import type { EnrolmentErrorId } from './enrolment-errors.ts'

/** The local accounts that a certified room device has. */
export const requiredAccounts = ['Admin', 'Skype'] as const

export type PrerequisiteId = 'elevated' | 'tpm' | 'accounts'

export type PrerequisiteResult = { id: PrerequisiteId } & (
  | { outcome: 'passed' }
  | { outcome: 'notApplicable' }
  | { outcome: 'failed'; error: EnrolmentErrorId }
)

/**
 * What a device must have before it may enrol, in this order: elevated rights, a TPM that is on, the local accounts
 * (ENR-2). All are looked at, so that one visit to the device mends all; the first that failed is the error of the
 * enrolment. A generic device needs none of them.
 */
export async function checkPrerequisites(profile: DeviceProfile, answers: PrerequisiteAnswers): Promise<PrerequisiteResult[]> {
  const hasAccounts = async () => {
    for (const account of requiredAccounts) if (!(await answers.hasAccount(account))) return false
    return true
  }
  const checks: [PrerequisiteId, EnrolmentErrorId, () => Promise<boolean>][] = [
    ['elevated', 'notElevated', () => answers.elevated()],
    ['tpm', 'tpmMissing', () => answers.tpmReady()],
    ['accounts', 'accountMissing', hasAccounts],
  ]
  const results: PrerequisiteResult[] = []
  for (const [id, error, holds] of checks) {
    if (profile === 'generic') results.push({ id, outcome: 'notApplicable' })
    // What cannot be found out does not hold.
    else if (await holds().catch(() => false)) results.push({ id, outcome: 'passed' })
    else results.push({ id, outcome: 'failed', error })
  }
  return results
}

/** The first thing that failed. */
export function firstFailure(results: readonly PrerequisiteResult[]): EnrolmentErrorId | undefined {
  return results.flatMap((result) => (result.outcome === 'failed' ? [result.error] : []))[0]
}
