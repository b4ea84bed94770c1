import { generateKeyPair, SignJWT } from 'jose'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../../contract/errors.ts'
import { systemAt } from '../../contract/testing/system.ts'
import { embeddedIssuerName } from '../directory/accounts.ts'
import { Budgets } from '../ground/budgets.ts'
import { ada, makeOrganisations, type Organisations } from '../testing/directory/organisations.ts'
import { groupsOfPerson } from './people.ts'
import { AccessService } from './service.ts'

const now = 1_800_000_000_000
const issuer = 'https://issuer.example'
let made: Organisations
let access: AccessService
let sign: (issuedAt: number) => Promise<string>
let groups: readonly string[] | undefined
let asked = 0

beforeEach(async () => {
  groups = ['all', 'ops']
  asked = 0
  made = await makeOrganisations(() => now)
  const keys = await generateKeyPair('ES256')
  access = new AccessService({
    store: made.store,
    bus: made.bus,
    log: pino({ level: 'silent' }),
    budgets: new Budgets({ now: () => now }),
    rules: { issuer, audience: 'roomkeeper', storedAs: embeddedIssuerName, keys: async () => keys.publicKey, ...systemAt(() => now) },
    directory: {
      groupsOf: async () => {
        asked += 1
        if (!groups) throw new RoomkeeperError('directory.unavailable')
        return groups
      },
      principals: async () => [{ kind: 'person', ...ada }],
    },
  })
  sign = (issuedAt) =>
    new SignJWT({ tid: 'contoso', oid: ada.id, name: ada.name, email: ada.email, _claim_names: { groups: 'src1' } })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(issuer)
      .setAudience('roomkeeper')
      .setIssuedAt(issuedAt / 1000)
      .setExpirationTime(now / 1000 + 3_600)
      .sign(keys.privateKey)
})
afterEach(async () => {
  access.close()
  await made.close()
})

const stored = async () => {
  const row = await made.store
    .read(made.contoso, 'wholeTenant')
    .tables.person()
    .selectAll()
    .where('objectId', '=', ada.id)
    .executeTakeFirstOrThrow()
  return groupsOfPerson(row)
}

describe('[ACC-6] a token that could not hold all groups', () => {
  it('is completed by the directory, once', async () => {
    const token = await sign(now - 2_000)
    await access.authenticate(token)
    await access.authenticate(token)
    expect(await stored()).toEqual(['all', 'ops'])
    expect(asked).toBe(1)
  })

  it('asks once for each token, also where the answer is what was known', async () => {
    await access.authenticate(await sign(now - 2_000))
    const next = await sign(now - 1_000)
    await access.authenticate(next)
    await access.authenticate(next)
    expect(asked).toBe(2)
  })

  it('asks for someone who was in no group before', async () => {
    groups = []
    await access.authenticate(await sign(now - 2_000))
    groups = ['ops']
    await access.authenticate(await sign(now - 1_000))
    expect(await stored()).toEqual(['ops'])
  })

  it('leaves the last known groups while the directory cannot be reached', async () => {
    await access.authenticate(await sign(now - 2_000))
    groups = undefined
    await access.authenticate(await sign(now - 1_000))
    expect(await stored()).toEqual(['all', 'ops'])
    groups = ['ops']
    await access.authenticate(await sign(now))
    expect(await stored()).toEqual(['ops'])
  })

  it('lets in without groups whom nobody knows yet, while the directory cannot be reached', async () => {
    groups = undefined
    const { access: held } = await access.authenticate(await sign(now))
    expect(held.grants).toEqual([])
    expect(await stored()).toEqual([])
  })
})
