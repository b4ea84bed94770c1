import { describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../../contract/errors.ts'
import { endOf } from './ends.ts'

describe('[CON-2] why the copy does not follow', () => {
  it.each([
    ['network.offline', 'network'],
    ['issuer.unavailable', 'network'],
    ['auth.clock', 'refused'],
    ['auth.invalid', 'refused'],
    ['auth.unknownTenant', 'refused'],
    ['session.none', 'signedOut'],
  ] as const)('%s is of the kind %s, by its own name', (code, why) => {
    expect(endOf(new RoomkeeperError(code))).toMatchObject({ why, code })
  })

  it('a token that has expired is asked for anew; one that had when it was new is a matter of clocks', () => {
    expect(endOf(new RoomkeeperError('auth.expired'))).toMatchObject({ code: 'auth.expired', retry: true })
    expect(endOf(new RoomkeeperError('auth.expired'), true)).toMatchObject({ code: 'auth.clock', retry: true })
    expect(endOf(new RoomkeeperError('auth.invalid'), true)).toMatchObject({ code: 'auth.invalid' })
  })
})
