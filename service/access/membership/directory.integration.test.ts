import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { may } from '../../../contract/access.ts'
import { MeAnswer } from '../../../contract/api.ts'
import { PrincipalList, tenantHeader } from '../../../contract/policyApi.ts'
import { until } from '../../../contract/testing/wait.ts'
import { directoryCommand } from '../../cli/directory.ts'
import { DirectoryListing } from '../../directory/edits.ts'
import { TestConsole } from '../../testing/feed/console.ts'
import { codeOf, demo, makeFolder, removeFolder, runCommand, TestService } from '../../testing/process.ts'

const partner = 'tess.moreau@fabrikam.example'
let data: string
let service: TestService

beforeAll(async () => {
  data = makeFolder()
  service = await TestService.start(data, '--demo')
})
afterAll(async () => {
  await service.stop()
  removeFolder(data)
})

const directory = (...args: string[]) => runCommand('directory', ...args, '--data', data)
async function contoso(...args: string[]) {
  const { stdout, stderr, code } = await directory(...args, '--organisation', 'contoso.example')
  expect([code, stderr]).toEqual([0, ''])
  const found = DirectoryListing.parse(JSON.parse(stdout)).organisations.find(({ name }) => name === 'Contoso')
  if (!found) throw new Error('Contoso is gone.')
  return found
}
const command = async (email: string, body: object) =>
  service.ask('/v1/commands', { token: await service.tokenOf(email), body: { key: v7(), issuedAt: Date.now(), command: body } })
const search = async (email: string, query: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(`${service.url}/v1/directory${query}`, {
    headers: { authorization: `Bearer ${await service.tokenOf(email)}`, ...headers },
  })
  return { status: answer.status, json: (await answer.json()) as unknown }
}

describe('the command "directory"', () => {
  it('edits the directory of the running service, and the edit reaches an open console', async () => {
    await contoso('add-person', '--email', 'nils@contoso.example', '--name', 'Nils Berg', '--no-password')
    await contoso('add-group', '--name', 'Night shift')
    const group = (await contoso('add-member', '--group', 'night shift', '--member', 'nils@contoso.example')).groups.find(
      ({ name }) => name === 'Night shift',
    )
    expect(group?.members).toEqual([{ kind: 'person', id: expect.any(String), name: 'Nils Berg' }])

    const saved = await command(demo.manager, {
      type: 'assignment.save',
      assignment: v7(),
      role: 'siteLead',
      name: 'Nights',
      description: '',
      notify: false,
      members: [{ kind: 'group', id: group?.id }],
      scope: 'all',
    })
    expect(saved.status).toBe(200)
    const token = await service.tokenOf('nils@contoso.example')
    const seesRooms = async () => may(MeAnswer.parse((await service.ask('/v1/me', { token })).json).access, 'rooms.view')
    await until('access through the group', seesRooms)

    const console = new TestConsole(service.url, token)
    await console.snapshot()
    console.connect()
    await console.live()
    await contoso('remove-member', '--group', 'Night shift', '--member', 'nils@contoso.example')
    // The same token still names the group; what the directory says is newer.
    await until('the group to be empty', async () => !(await seesRooms()))
    // A kind that is not named has no rooms.
    expect((await console.hears('scope')).rooms).not.toHaveProperty('room')
    console.socket?.close()
  })

  it.each([
    [['list', '--name', 'x'], 'list takes no --name.'],
    [['add-group'], 'add-group needs --name.'],
    [['empty'], 'Say what to do with the directory'],
    [['add-member', '--group', 'g'], 'add-member needs --member.'],
    [['add-person', '--email', 'a@contoso.example', '--name', 'A', '--password', 'secret'], "Unknown option '--password'"],
  ])('%j is refused before anything is done', async (args, words) => {
    await expect(directoryCommand([...args, '--data', data])).rejects.toThrow(words)
  })

  it('takes a password from standard input only, and says what the service refuses', async () => {
    const withoutPassword = await directory('add-person', '--email', 'a@contoso.example', '--name', 'A')
    expect([withoutPassword.code, withoutPassword.stderr]).toEqual([2, expect.stringContaining('Standard input has no password.')])
    const { code, stderr } = await directory('remove-person', '--email', 'nobody@contoso.example')
    expect([code, stderr]).toEqual([1, 'There is no person nobody@contoso.example.\n'])
  })
})

describe('the search of the directory', () => {
  it('finds people and groups of one’s own organisation, for who may name them', async () => {
    const { status, json } = await search(demo.manager, '?text=ame')
    expect(status).toBe(200)
    expect(PrincipalList.parse(json)).toEqual({
      items: [{ kind: 'person', id: expect.any(String), name: 'Amélie Laurent', email: demo.manager, known: true }],
      more: false,
    })
    expect(PrincipalList.parse((await search(demo.manager, '?text=fabrikam')).json).items).toEqual([])
    const groups = PrincipalList.parse((await search(demo.manager, '?kind=group')).json).items
    expect(groups.length).toBeGreaterThan(0)
    expect(groups.every(({ kind }) => kind === 'group')).toBe(true)
  })

  it('is refused to everybody else, and without a token', async () => {
    for (const email of [demo.tech, demo.nobody]) {
      const answer = await search(email, '?text=a')
      expect([answer.status, answer.json]).toEqual([403, expect.objectContaining({ code: 'access.denied' })])
    }
    expect(codeOf(await service.ask('/v1/directory'))).toBe('auth.missing')
    expect(codeOf(await service.ask('/v1/directory?kind=room', { token: await service.tokenOf(demo.manager) }))).toBe('request.invalid')
    expect(codeOf(await service.ask('/v1/local/directory', { token: await service.tokenOf(demo.manager) }))).toBe('auth.missing')
  })

  it('is of the partner’s own organisation where a partner names people for a customer', async () => {
    const { customers } = MeAnswer.parse((await service.ask('/v1/me', { token: await service.tokenOf(partner) })).json)
    const customer = customers?.find(({ name }) => name === 'Contoso')
    const { json } = await search(partner, '?text=', { [tenantHeader]: customer?.tenant ?? '' })
    expect(PrincipalList.parse(json).items.map(({ name }) => name)).toEqual(['Fabrikam operations', 'Farid Haddad', 'Tess Moreau'])
    expect((await search(partner, '?text=')).json).toMatchObject({ code: 'access.denied' })
  })
})

describe('Microsoft Graph', () => {
  it('needs a secret that can be read', async () => {
    const { code, stderr } = await runCommand(
      'serve',
      '--data',
      `${data}/other`,
      '--port',
      '0',
      '--issuer',
      'https://issuer.example',
      '--audience',
      'a',
      '--client-id',
      'c',
      '--graph-client-id',
      'g',
      '--graph-secret-file',
      `${data}/none`,
    )
    expect(code).toBe(1)
    expect(stderr).toContain(`The file ${data}/none cannot be read.`)
  })
})
