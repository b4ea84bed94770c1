import { expect, it } from 'vitest'
import { plainName } from './names.ts'

it.each([
  ['Équipe', 'ÉQUIPE', true],
  ['Équipe', 'E\u0301quipe ', true],
  ['Équipe', 'Equipe', false],
  ['ﬁeld team', 'Field Team', true],
  ['Site  Lead', 'Site\tLead', true],
  ['Site Lead', 'SiteLead', false],
])('[ACC-6] %j and %j as names: the same is %s', (one, other, same) => {
  expect(plainName(one) === plainName(other)).toBe(same)
})
