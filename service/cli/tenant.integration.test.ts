import { decodeJwt } from 'jose'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { MeAnswer } from '../../contract/api.ts'
import { CustomerList } from '../../contract/policyApi.ts'
import { codeOf, makeFolder, removeFolder, runCommand, TestService } from '../testing/process.ts'
import { tenantHelp } from './tenant.ts'

const Listed = z.array(z.object({ id: z.string(), name: z.string(), directory: z.string() }))
const password = 'correct horse battery'
let data: string
let service: TestService

const tenant = (...args: string[]) => runCommand('tenant', ...args, '--data', data)
const command = async (email: string, body: object) =>
  service.ask('/v1/commands', { token: await service.tokenOf(email), body: { key: v7(), issuedAt: Date.now(), command: body } })

/** What `tenant list` asks for, without the process. */
const organisations = async () => {
  const answer = await fetch(`${service.url}/v1/local/tenants`, { headers: { authorization: `Admin ${service.runtime.adminSecret}` } })
  return z.object({ items: Listed }).parse(await answer.json()).items
}

beforeAll(async () => {
  data = makeFolder()
  service = await TestService.start(data)
  await service.ask('/v1/setup', { body: { tenant: 'Contoso', name: 'Ada', email: 'ada@contoso.example', password } })
})
afterAll(async () => {
  await service.stop()
  removeFolder(data)
})

describe('the command "tenant"', () => {
  it('makes a second organisation, which is invited by its domain and accepts', async () => {
    const added = await tenant('add', '--name', 'Fabrikam', '--domain', 'Fabrikam.example')
    expect([added.code, added.stderr]).toEqual([0, ''])
    expect(
      Listed.parse(JSON.parse(added.stdout))
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['Contoso', 'Fabrikam'])
    expect(JSON.parse((await tenant('list')).stdout)).toEqual(JSON.parse(added.stdout))

    const person = {
      type: 'addPerson',
      organisation: 'Fabrikam',
      email: 'farid@fabrikam.example',
      name: 'Farid',
      password,
      globalAdministrator: true,
    }
    const admin = { authorization: `Admin ${service.runtime.adminSecret}`, 'content-type': 'application/json' }
    const made = await fetch(`${service.url}/v1/local/directory`, { method: 'POST', headers: admin, body: JSON.stringify(person) })
    expect(made.status).toBe(200)
    const link = v7()
    const asks = { rooms: 'automatic', rings: 'automatic', incidents: 'automatic', roles: 'automatic' }
    const invited = await command('ada@contoso.example', {
      ...{ type: 'partner.invite', link, domain: 'fabrikam.example', days: 7, changeControl: asks, scope: 'all' },
      ...{ remoteAccess: false, multiFactor: false, agreed: true },
    })
    expect([invited.status, invited.text]).toEqual([200, expect.any(String)])
    const token = await service.tokenOf('farid@fabrikam.example')
    const { oid } = z.object({ oid: z.string() }).parse(decodeJwt(token))
    const accepted = await command('farid@fabrikam.example', { type: 'invitation.accept', link, admins: [{ kind: 'person', id: oid }] })
    expect([accepted.status, codeOf(accepted)]).toEqual([200, undefined])
    const customers = CustomerList.parse((await service.ask('/v1/customers', { token })).json).items
    expect(customers).toMatchObject([{ name: 'Contoso', status: 'active' }])
  })

  it.each([
    ['a name that is there', ['add', '--name', 'contoso', '--domain', 'contoso.org'], 1, 'There is an organisation contoso already.'],
    [
      'a domain of another organisation',
      ['add', '--name', 'Other', '--domain', 'contoso.example'],
      1,
      'contoso.example is a domain of Contoso already.',
    ],
    ['no domain', ['add', '--name', 'Other'], 1, 'Say a domain'],
    ['what is no domain', ['add', '--name', 'Other', '--domain', 'other'], 1, 'domain'],
    [
      'an id, which the embedded directory gives itself',
      ['add', '--name', 'Other', '--domain', 'other.example', '--directory', 'x'],
      1,
      'gives ids itself',
    ],
    ['no name', ['add', '--domain', 'other.example'], 2, 'add needs --name.'],
    ['nothing to do', [], 2, 'list, or add'],
    ['too much', ['list', '--name', 'Contoso'], 2, 'list takes no option'],
  ])('refuses %s, and changes nothing', async (_, args, code, words) => {
    const refused = await tenant(...args)
    expect([refused.code, refused.stdout]).toEqual([code, ''])
    expect(refused.stderr).toContain(words)
    expect(await organisations()).toHaveLength(2)
  })

  it('names a directory of an issuer of one’s own, and its first Pro Manager', async () => {
    const folder = makeFolder()
    const token = await service.tokenOf('farid@fabrikam.example')
    const { tid, oid } = z.object({ tid: z.string(), oid: z.string() }).parse(decodeJwt(token))
    const issuer = ['--issuer', `${service.url}/identity`, '--audience', 'urn:roomkeeper:service', '--client-id', 'roomkeeper-console']
    const other = await TestService.start(folder, ...issuer, '--tenant-directory', 'another', '--tenant-name', 'Contoso')
    const add = (...args: string[]) => runCommand('tenant', 'add', '--name', 'Fabrikam', ...args, '--data', folder)
    expect((await other.ask('/v1/me', { token })).status).toBe(403)
    expect((await add('--domain', 'fabrikam.example', '--directory', tid)).stderr).toContain('leave --domain out')
    expect((await add()).stderr).toContain('--directory')
    expect((await add('--directory', tid, '--pro-manager', oid)).code).toBe(0)
    expect(MeAnswer.parse((await other.ask('/v1/me', { token })).json).access.grants).toMatchObject([{ role: 'proManager', scope: 'all' }])
    expect((await runCommand('tenant', 'add', '--name', 'Again', '--directory', tid, '--data', folder)).stderr).toContain(
      'is an organisation here already',
    )
    await other.stop()
    removeFolder(folder)
  })

  it('explains itself', async () => {
    expect((await tenant('--help')).stdout).toBe(tenantHelp)
  })
})
