import { expect, it } from 'vitest'
import { LinkId, PersonId, TenantId } from '../../contract/ids.ts'
import type { PersonTable, SecurityGroupTable } from '../ground/store/tables.ts'
import { Names } from './views.ts'

const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
const tenant = TenantId.parse(uuid(1))
const [one, other] = [LinkId.parse(uuid(2)), LinkId.parse(uuid(3))]
const row = (n: number, link: LinkId | null, changes: Partial<PersonTable> = {}): PersonTable => ({
  tenant,
  id: PersonId.parse(uuid(10 + n)),
  issuer: 'embedded',
  directory: `directory-${link ?? 'own'}`,
  objectId: `object-${n}`,
  name: `Person ${n}`,
  email: `p${n}@example.com`,
  globalAdministrator: 0,
  groups: '[]',
  claimsAt: 0,
  scopeVersion: 0,
  scopeDigest: '',
  link,
  groupsAt: 0,
  seenAt: null,
  removedAt: null,
  ...changes,
})
const group = (link: LinkId | null): SecurityGroupTable => ({
  tenant,
  directory: `directory-${link ?? 'own'}`,
  id: `group-${link ?? 'own'}`,
  name: 'Operators',
  readAt: 1,
  failedAt: null,
  whole: 1,
})

it('[PAR-4] names members on their own side only, by neither of their ids on another', () => {
  const sides = [null, one, other]
  const people = sides.map((link, n) => row(n, link))
  const groups = sides.map(group)
  const names = new Names(people, groups)
  for (const link of sides) {
    for (const person of people) {
      for (const id of [person.id, person.objectId]) {
        const mine = person.link === link
        expect(names.principal(link, { kind: 'person', id })).toEqual({
          kind: 'person',
          id,
          name: mine ? person.name : id,
          email: mine ? person.email : '',
          known: mine,
        })
      }
    }
    for (const { id, name, directory } of groups) {
      const mine = directory === `directory-${link ?? 'own'}`
      expect(names.principal(link, { kind: 'group', id })).toEqual({ kind: 'group', id, name: mine ? name : id, email: '', known: mine })
    }
  }
})

it('says of who was removed that they are not in the directory any more', () => {
  const person = row(1, null, { removedAt: 5 })
  expect(new Names([person], []).principal(null, { kind: 'person', id: person.objectId })).toMatchObject({
    name: person.name,
    known: false,
  })
})
