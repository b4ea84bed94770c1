import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../../contract/errors.ts'
import { realSystem } from '../../contract/testing/system.ts'
import { ada, bela, cyd, makeOrganisations, type Organisations } from '../testing/directory/organisations.ts'
import { DirectoryEdit, editDirectory, listDirectory } from './edits.ts'
import { EmbeddedDirectory } from './embedded.ts'

let made: Organisations
let directory: EmbeddedDirectory

beforeEach(async () => {
  made = await makeOrganisations()
  directory = new EmbeddedDirectory(made.store)
})
afterEach(() => made.close())

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof RoomkeeperError ? error.code : String(error)),
  )
const names = (people: readonly { name: string }[]): string[] => people.map(({ name }) => name).sort()
const membersOf = async (group: string): Promise<string[]> => names((await directory.membersOf('contoso', group)).people)
const edit = (change: object) => editDirectory({ store: made.store, ...realSystem }, DirectoryEdit.parse(change))

describe('the embedded directory', () => {
  it('finds people and groups by the beginnings of words, without case and accents, within the organisation', async () => {
    const find = async (text: string, kind?: 'person' | 'group', limit = 10) =>
      (await directory.search('contoso', text, kind, limit)).items.map(({ name }) => name)
    expect(await find('bela')).toEqual(['Béla Szabó'])
    expect(await find('SZAB')).toEqual(['Béla Szabó'])
    expect(await find('oper')).toEqual(['All operations', 'Operations'])
    expect(await find('ada@')).toEqual(['Ada Lovelace'])
    expect(await find('', 'person')).toEqual(['Ada Lovelace', 'Béla Szabó', 'Cyd Nolan'])
    expect(await find('a', 'group')).toEqual(['All operations'])
    expect(await find('finn')).toEqual([])
    expect(await find('boardroom')).toEqual([])
    expect(await directory.search('contoso', '', 'person', 2)).toMatchObject({ items: [{ id: ada.id }, { id: bela.id }], more: true })
  })

  it('knows members and groups at any depth, in circles too', async () => {
    expect(await membersOf('all')).toEqual(['Ada Lovelace', 'Béla Szabó', 'Cyd Nolan'])
    expect(await membersOf('ring1')).toEqual(['Ada Lovelace', 'Béla Szabó'])
    expect(await directory.groupsOf('contoso', ada.id)).toEqual(['all', 'ops', 'ring1', 'ring2'])
    expect(await directory.groupsOf('contoso', cyd.id)).toEqual(['all'])
  })

  it('says what it does not know', async () => {
    expect(await codeOf(directory.membersOf('contoso', 'field'))).toBe('directory.notFound')
    expect(await codeOf(directory.groupsOf('fabrikam', ada.id))).toBe('directory.notFound')
    expect(await codeOf(directory.domainsOf('nobody'))).toBe('directory.notFound')
    expect(names(await directory.principals('contoso', [ada.id, 'ops', 'field', 'gone']))).toEqual(['Ada Lovelace', 'Operations'])
  })

  it("knows an organisation's own domains", async () => {
    expect(await directory.domainsOf('contoso')).toEqual(['contoso.example'])
    expect(await directory.domainsOf('fabrikam')).toEqual(['fabrikam.example', 'fabrikam.test'])
  })

  it('puts all groups into a token, and says so where they are too many', async () => {
    const account = await made.accounts.byId(ada.id)
    if (!account) throw new Error('Ada is gone.')
    expect(await made.accounts.claimsOf(account)).toMatchObject({ tid: 'contoso', oid: ada.id, groups: ['all', 'ops', 'ring1', 'ring2'] })
    const members = JSON.stringify([{ kind: 'person', id: ada.id }])
    const many = Array.from({ length: 197 }, (_, n) => ({
      id: `group-${n}`,
      directory: 'contoso',
      name: `Group ${n}`,
      description: '',
      members,
    }))
    await made.store.writeService((db) => db.insertInto('directoryGroup').values(many).execute())
    const claims = await made.accounts.claimsOf(account)
    expect(claims).toMatchObject({ hasgroups: true })
    expect(claims).not.toHaveProperty('groups')
  })
})

describe('an edit of the embedded directory', () => {
  it('makes people and groups, puts them in and takes them out', async () => {
    await edit({ type: 'addPerson', organisation: 'contoso.example', email: 'Dora@Contoso.example', name: 'Dora' })
    await edit({ type: 'addGroup', organisation: 'Contoso', name: 'Night shift' })
    await edit({ type: 'addMember', organisation: 'contoso', group: 'night shift', member: 'dora@contoso.example' })
    await edit({ type: 'addMember', organisation: 'contoso', group: 'Operations', member: 'Night shift' })
    expect(await membersOf('ops')).toEqual(['Ada Lovelace', 'Béla Szabó', 'Dora'])
    await edit({ type: 'removeMember', organisation: 'contoso', group: 'Operations', member: bela.email })
    await edit({ type: 'removePerson', email: 'dora@contoso.example' })
    expect(await membersOf('ops')).toEqual(['Ada Lovelace'])
    await edit({ type: 'removeGroup', organisation: 'contoso', group: 'Operations' })
    expect(await membersOf('all')).toEqual(['Cyd Nolan'])
    expect(await codeOf(directory.membersOf('contoso', 'ops'))).toBe('directory.notFound')
    expect(names((await listDirectory(made.store)).organisations[0]?.groups ?? [])).toEqual([
      'All operations',
      'Night shift',
      'Ring 1',
      'Ring 2',
    ])
  })

  it.each([
    [{ type: 'addMember', organisation: 'contoso', group: 'ops', member: 'all' }, 'request.conflict'],
    [{ type: 'addMember', organisation: 'contoso', group: 'ops', member: 'ops' }, 'request.conflict'],
    [{ type: 'addMember', organisation: 'contoso', group: 'ops', member: 'finn@fabrikam.example' }, 'directory.notFound'],
    [{ type: 'addMember', organisation: 'contoso', group: 'field', member: ada.email }, 'directory.notFound'],
    [{ type: 'removeMember', organisation: 'contoso', group: 'ops', member: cyd.email }, 'directory.notFound'],
    [{ type: 'removePerson', email: 'room@contoso.example' }, 'directory.notFound'],
    [{ type: 'addGroup', organisation: 'nobody', name: 'X' }, 'directory.notFound'],
    [{ type: 'addGroup', name: 'X' }, 'request.invalid'],
    [{ type: 'addGroup', organisation: 'contoso', name: 'Operations' }, 'request.conflict'],
    [{ type: 'addPerson', organisation: 'contoso', email: 'ADA@contoso.example', name: 'Another' }, 'request.conflict'],
  ])('%j is refused as %s and changes nothing', async (change, code) => {
    const before = await listDirectory(made.store)
    expect(await codeOf(edit(change))).toBe(code)
    expect(await listDirectory(made.store)).toEqual(before)
  })

  it('makes nobody who signs in without a password where others have one', async () => {
    await edit({ type: 'addPerson', organisation: 'contoso', email: 'first@contoso.example', name: 'First', password: 'a long password' })
    expect(await codeOf(edit({ type: 'addPerson', organisation: 'contoso', email: 'second@contoso.example', name: 'Second' }))).toBe(
      'request.invalid',
    )
    expect(await made.accounts.signIn('first@contoso.example', 'a long password', 'here')).toBeDefined()
    expect(await made.accounts.signIn('first@contoso.example', 'wrong', 'here')).toBeUndefined()
  })
})
