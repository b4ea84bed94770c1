import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { PersonId, SessionId, TenantId } from '../../contract/ids.ts'
import { SessionRequest } from '../../contract/remote.ts'
import { ownNameOf } from './names.ts'

describe('[REM-3] the id that is made of a name', () => {
  const who = { tenant: TenantId.parse(v7()), person: PersonId.parse(v7()) }
  const named = SessionId.parse(v7())

  it('is the same each time, and another one for each person, organisation and name', () => {
    const strangers = [
      { ...who, person: PersonId.parse(v7()) },
      { ...who, tenant: TenantId.parse(v7()) },
    ]
    const others = strangers.map((other) => ownNameOf(other, named))
    expect(new Set([named, ownNameOf(who, named), ownNameOf(who, named), ownNameOf(who, SessionId.parse(v7())), ...others]).size).toBe(5)
  })

  it('can be given to a session by nobody', () => {
    const { session } = SessionRequest.shape
    expect(session.safeParse(named).success).toBe(true)
    expect(session.safeParse(ownNameOf(who, named)).success).toBe(false)
    expect(session.safeParse(ownNameOf(who, named).toUpperCase()).success).toBe(false)
  })
})
