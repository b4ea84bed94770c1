import { describe, expect, it } from 'vitest'
import { report } from '../cli/check.ts'
import { posixAnswers, windowsAnswers } from '../devices/host-answers.ts'
import { ProgramError, type RunProgram } from '../devices/run-program.ts'
import { SimulatedDevice } from '../devices/simulated.ts'
import { checkPrerequisites, firstFailure } from './prerequisites.ts'

const place = { country: '', city: '', building: '', floor: '', timeZone: 'UTC' }
const answersOf = (answers: { elevated?: boolean; tpm?: boolean; accounts?: string[] }) =>
  new SimulatedDevice({ roomName: 'room', place, seed: 1, boot: 'boot', answers }).answers

describe('checkPrerequisites', () => {
  it('looks at rights, TPM and accounts, in this order', async () => {
    const results = await checkPrerequisites('windows-mtr', answersOf({}))
    expect(results).toEqual([
      { id: 'elevated', outcome: 'passed' },
      { id: 'tpm', outcome: 'passed' },
      { id: 'accounts', outcome: 'passed' },
    ])
  })

  it.each([
    [{ elevated: false, tpm: false, accounts: [] }, 'notElevated'],
    [{ tpm: false, accounts: [] }, 'tpmMissing'],
    [{ accounts: ['Admin'] }, 'accountMissing'],
    [{ accounts: ['Skype'] }, 'accountMissing'],
  ])('%j fails with %s', async (answers, error) => {
    expect(firstFailure(await checkPrerequisites('windows-mtr', answersOf(answers)))).toBe(error)
  })

  it('asks nothing of a generic device', async () => {
    const results = await checkPrerequisites('generic', answersOf({ elevated: false, tpm: false, accounts: [] }))
    expect(results.every(({ outcome }) => outcome === 'notApplicable')).toBe(true)
    expect(firstFailure(results)).toBeUndefined()
  })

  it('takes what cannot be found out for missing', async () => {
    const broken = { ...answersOf({}), tpmReady: () => Promise.reject(new Error('no answer')) }
    expect(firstFailure(await checkPrerequisites('windows-mtr', broken))).toBe('tpmMissing')
  })

  it('says exactly what the documentation says, in both languages', async () => {
    const results = await checkPrerequisites('windows-mtr', answersOf({ elevated: false, tpm: false, accounts: [] }))
    const english = report(results, [], 'en')
      .split('\n')
      .map((line) => line.trim())
    expect(english).toContain('ERROR: Please run this application with elevated privileges')
    expect(english).toContain('TPM data cannot be found')
    expect(english).toContain("ERROR: Local user account named 'Admin' or 'Skype' not found")
    const french = report(results, [], 'fr')
      .split('\n')
      .map((line) => line.trim())
    expect(french).toContain('ERREUR : exécutez cette application avec des privilèges élevés')
    expect(french).toContain('Les données TPM sont introuvables')
    expect(french).toContain("ERREUR : le compte d'utilisateur local nommé « Admin » ou « Skype » est introuvable")
  })
})

describe('the answers of Windows', () => {
  const windows =
    (said: Record<string, string>): RunProgram =>
    (program, args) => {
      const line = [program, ...args].join(' ')
      const known = Object.entries(said).find(([part]) => line.includes(part))
      return known ? Promise.resolve(known[1]) : Promise.reject(new ProgramError(line))
    }

  it('are read from PowerShell and net user', async () => {
    const good = windowsAnswers(
      windows({ WindowsPrincipal: 'True\r\n', 'Get-Tpm': 'True\r\n', 'net.exe user Admin': 'User name  Admin', 'net.exe user Skype': 'x' }),
    )
    expect(firstFailure(await checkPrerequisites('windows-mtr', good))).toBeUndefined()
    const bad = windowsAnswers(windows({ WindowsPrincipal: 'True\r\n', 'Get-Tpm': 'False\r\n' }))
    expect((await checkPrerequisites('windows-mtr', bad)).map(({ outcome }) => outcome)).toEqual(['passed', 'failed', 'failed'])
  })

  it('elsewhere come from the system too, and never throw', async () => {
    const answers = posixAnswers()
    expect(await answers.hasAccount('root')).toBe(process.platform !== 'win32')
    expect(await answers.hasAccount('no such account')).toBe(false)
    expect(typeof (await answers.elevated())).toBe('boolean')
  })
})
