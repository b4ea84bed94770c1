import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultSettings, Settings } from './entities.ts'
import { accessOf, resolvePolicy } from './evaluate.ts'
import { changedSettings, lacksContact, mayChangeSettings, SettingsChanges } from './settings.ts'
import { cases } from './testing/chance.ts'
import { modelEverywhere, modelManages } from './testing/model.ts'
import { policies, rooms, subjects } from './testing/policies.ts'

const contact = fc.constantFrom('audit@contoso.example', 'other@contoso.example', '')
const changes: fc.Arbitrary<SettingsChanges> = fc.record(
  {
    openHoldMs: fc.nat(9),
    allowSoftwareKeys: fc.boolean(),
    remoteAccess: fc.boolean(),
    remoteContact: contact,
    recordSessions: fc.boolean(),
    recordingDays: fc.integer({ min: 1, max: 180 }),
  },
  { requiredKeys: [] },
)
const tenant = '00000000-0000-7000-8000-000000000001'
const settings: fc.Arbitrary<Settings> = fc
  .record({ remoteAccess: fc.boolean(), remoteContact: fc.constantFrom(undefined, 'audit@contoso.example') })
  .map(({ remoteAccess, remoteContact }) =>
    Settings.parse({ id: tenant, ...defaultSettings, remoteAccess, ...(remoteContact === undefined ? {} : { remoteContact }) }),
  )

describe('[REM-1] who may change which setting', () => {
  it('[rule 14] is whoever has settings.modify over all rooms, for remote access the managers of the tenant itself, in any policy', () => {
    fc.assert(
      fc.property(policies, subjects, changes, (policy, subject, change) => {
        const access = accessOf(resolvePolicy(policy, rooms), subject)
        const about = ['remoteAccess', 'remoteContact', 'recordSessions', 'recordingDays'].some((name) => name in change)
        const expected = modelEverywhere(policy, subject, 'settings.modify') && (!about || modelManages(policy, subject))
        expect(mayChangeSettings(access, change)).toBe(expected)
      }),
      { numRuns: cases(1_000) },
    )
  })
})

describe('changed settings', () => {
  it('are those before but for what is said, and fit their schema', () => {
    fc.assert(
      fc.property(settings, changes, (before, change) => {
        const after = changedSettings(before, change)
        expect(() => Settings.strict().parse(after)).not.toThrow()
        const { remoteContact, ...rest } = change
        const kept = remoteContact === undefined ? before.remoteContact : remoteContact === '' ? undefined : remoteContact
        const { remoteContact: _, ...others } = before
        expect(after).toEqual({ ...others, ...rest, ...(kept === undefined ? {} : { remoteContact: kept }) })
        expect(changedSettings(after, change)).toEqual(after)
      }),
    )
  })

  it('take nothing from what is named and not said', () => {
    const before = Settings.parse({ id: tenant, ...defaultSettings, remoteAccess: true, remoteContact: 'audit@contoso.example' })
    expect(changedSettings(before, { remoteContact: undefined, openHoldMs: undefined })).toEqual(before)
  })

  it('never leave remote access on without a contact, however they follow each other', () => {
    fc.assert(
      fc.property(fc.array(changes, { maxLength: 12 }), (all) => {
        let now = Settings.parse({ id: tenant, ...defaultSettings })
        for (const change of all) {
          const after = changedSettings(now, change)
          const wrong = after.remoteAccess === true && after.remoteContact === undefined
          expect(lacksContact(now, change)).toBe(wrong)
          if (!wrong) now = after
        }
      }),
    )
  })

  it('take an e-mail address or nothing as the contact', () => {
    const fits = (remoteContact: string) => SettingsChanges.safeParse({ remoteContact }).success
    expect(['audit@contoso.example', '', 'nobody', ' ', '=x@y', `${'a'.repeat(250)}@b.example`].map(fits)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ])
  })
})
