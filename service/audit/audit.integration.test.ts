import { join } from 'node:path'
import Database from 'better-sqlite3'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { AuditCheck, AuditPage, Effect, WhatCan, WhoCan } from '../../contract/policyApi.ts'
import type { TestDevice } from '../testing/agents/device.ts'
import { codeOf, demo, makeFolder, removeFolder, runCommand, TestService } from '../testing/process.ts'
import { giveScope, makeRooms } from '../testing/rooms.ts'

let data: string
let service: TestService
let devices: TestDevice[]
let manager: string
let lead: string
const Verified = z.object({ records: z.number(), broken: z.number().nullable(), head: z.string(), heads: z.array(z.string()).optional() })

beforeAll(async () => {
  data = makeFolder()
  service = await TestService.start(data, '--demo')
  manager = await service.tokenOf(demo.manager)
  lead = await service.tokenOf(demo.lead)
  devices = await makeRooms(service, 2)
  await giveScope(service, 'siteLead', [devices[0]!.enrolment.room])
})
afterAll(async () => {
  for (const device of devices) device.drop()
  await service.stop()
  removeFolder(data)
})

const command = (body: object) => ({ key: v7(), issuedAt: Date.now(), command: body })

describe('[AUD-1] the audit log over HTTP', () => {
  it('is for Pro Managers and Global Administrators only, and says so of who tried', async () => {
    for (const path of ['/v1/audit', '/v1/audit/check', '/v1/audit.csv?from=0&to=1']) {
      const refused = await service.ask(path, { token: lead })
      expect({ path, status: refused.status, code: codeOf(refused) }).toEqual({ path, status: 403, code: 'access.denied' })
    }
    const { items } = AuditPage.parse((await service.ask('/v1/audit?resultStatus=Failed&text=/v1/audit/check', { token: manager })).json)
    expect(items[0]).toMatchObject({
      category: 'Access',
      objectName: 'GET /v1/audit/check',
      user: 'Clara Nguyen',
      organisation: null,
      detail: { code: 'access.denied' },
    })
  })

  it('is paged from the newest back, without gaps', async () => {
    const numbers: number[] = []
    for (let before: number | null = null; ;) {
      const page = AuditPage.parse(
        (await service.ask(`/v1/audit?limit=3${before === null ? '' : `&before=${before}`}`, { token: manager })).json,
      )
      numbers.push(...page.items.map(({ number }) => number))
      if (page.next === null) break
      before = page.next
    }
    expect(numbers).toEqual(Array.from({ length: numbers[0]! }, (_, index) => numbers[0]! - index))
    const { items } = AuditPage.parse((await service.ask('/v1/audit?text=clara', { token: manager })).json)
    expect(new Set(items.map(({ user }) => user))).toEqual(new Set(['Clara Nguyen']))
  })

  it('is exported with the columns of the specification, and the export is in it afterwards', async () => {
    const answer = await service.ask(`/v1/audit.csv?from=0&to=${Date.now() + 1}`, { token: manager })
    expect(answer.headers.get('content-type')).toContain('text/csv')
    const [head, first] = answer.text.split('\r\n')
    expect(head).toBe(
      'activity.category,activity.objectName,activity.operation,activity.resultStatus,activity.tenantId,' +
        'creationTime,user.userId,user.userTenantId',
    )
    expect(first).toMatch(/^Tenant,Contoso,Create,Successful,[0-9a-f-]{36},\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z,,$/)
    expect(answer.text).not.toContain('Audit log')
    const { items } = AuditPage.parse((await service.ask('/v1/audit?category=Audit', { token: manager })).json)
    expect(items[0]).toMatchObject({ objectName: 'Audit log', user: 'Amélie Laurent', detail: { action: 'audit.export', from: 0 } })
    expect(codeOf(await service.ask('/v1/audit.csv?from=2&to=1', { token: manager }))).toBe('audit.rangeInvalid')
    const none = await service.ask('/v1/audit.csv?from=1&to=1', { token: manager })
    expect(none.text.trim().split('\r\n')).toHaveLength(1)
  })
})

describe('[ACC-7] explanation', () => {
  it('says who can on a room, and why', async () => {
    const [mine, other] = devices.map(({ enrolment }) => enrolment.room)
    const { people } = WhoCan.parse((await service.ask(`/v1/explain?permission=incidents.update&room=${mine}`, { token: manager })).json)
    const clara = people.find(({ person }) => person.name === 'Clara Nguyen')
    expect(clara?.chains).toMatchObject([
      {
        kind: 'assignment',
        assignment: { name: 'Site leads' },
        role: { id: 'siteLead', builtIn: true },
        scope: { kind: 'room' },
        rooms: 1,
      },
    ])
    expect(people.find(({ person }) => person.name === 'Amélie Laurent')?.chains.map(({ kind }) => kind)).toEqual([
      'globalAdministrator',
      'assignment',
    ])
    const there = WhoCan.parse((await service.ask(`/v1/explain?permission=incidents.update&room=${other}`, { token: manager })).json)
    expect(there.people.map(({ person }) => person.name)).toEqual(['Amélie Laurent'])
    const what = WhatCan.parse((await service.ask(`/v1/explain/people/${clara?.person.id}`, { token: manager })).json)
    expect(what.rooms.map(({ id }) => id)).toEqual([mine])
    expect(what.permissions.find(({ permission }) => permission === 'roles.view')).toBeUndefined()
  })

  it('knows nothing of rooms and people that are not there, and asks for roles.view', async () => {
    expect((await service.ask(`/v1/explain?permission=rooms.view&room=${v7()}`, { token: manager })).status).toBe(404)
    expect((await service.ask(`/v1/explain/people/${v7()}`, { token: manager })).status).toBe(404)
    expect((await service.ask('/v1/explain?permission=rooms.view', { token: lead })).status).toBe(403)
  })
})

describe('the policy as a file', () => {
  it('comes out, goes in with a change, all or nothing', async () => {
    const { text: yaml } = await service.ask('/v1/policy', { token: manager })
    expect(yaml).toContain('roomkeeper: policy')
    expect((await service.ask('/v1/policy', { token: lead })).status).toBe(403)

    const preview = async (file: string) =>
      Effect.parse(
        (await service.ask('/v1/commands/preview', { token: manager, body: { command: { type: 'policy.import', yaml: file } } })).json,
      )
    expect((await preview(yaml)).changes).toEqual([])
    const withRole = yaml.replace('roles: []', 'roles:\n  - name: Viewers\n    permissions: [rooms.view]')
    expect((await preview(withRole)).changes).toEqual([{ what: 'role', name: 'Viewers', change: 'create' }])

    const broken = withRole.replace('role: siteTech', 'role: nobody')
    const refused = await service.ask('/v1/commands', { token: manager, body: command({ type: 'policy.import', yaml: broken }) })
    expect(codeOf(refused)).toBe('policy.fileInvalid')
    expect((await service.ask('/v1/policy', { token: manager })).text).toBe(yaml)

    const applied = await service.ask('/v1/commands', { token: manager, body: command({ type: 'policy.import', yaml: withRole }) })
    expect(applied.status).toBe(200)
    expect((await service.ask('/v1/policy', { token: manager })).text).toContain('name: Viewers')
    const { items } = AuditPage.parse((await service.ask('/v1/audit?category=Role', { token: manager })).json)
    expect(items[0]).toMatchObject({ objectName: 'Viewers', operation: 'Create', detail: { by: 'policy.import' } })
  })

  it('cannot take the last Pro Manager away', async () => {
    const { text: yaml } = await service.ask('/v1/policy', { token: manager })
    const without = yaml.replace(/assignments:[\s\S]*\npartners:/, 'assignments: []\npartners:')
    expect(codeOf(await service.ask('/v1/commands', { token: manager, body: command({ type: 'policy.import', yaml: without }) }))).toBe(
      'assignment.lastProManager',
    )
  })
})

describe('[AUD-1] the chain', () => {
  it('is whole, for the service and for the command beside it; an edited record is found', async () => {
    expect(AuditCheck.parse((await service.ask('/v1/audit/check', { token: manager })).json)).toMatchObject({ broken: null })
    const whole = await runCommand('audit', 'verify', '--data', data)
    expect(whole.code).toBe(0)
    const { head, records } = Verified.parse(JSON.parse(whole.stdout.split('\n')[0]!))
    expect(records).toBeGreaterThan(5)
    const noted = await runCommand('audit', 'verify', '--data', data, '--tenant', 'Contoso', '--head', head)
    expect({ code: noted.code, ...Verified.parse(JSON.parse(noted.stdout)) }).toMatchObject({ code: 0, heads: ['found'] })
    const strange = await runCommand(
      'audit',
      'verify',
      '--data',
      data,
      '--tenant',
      'Contoso',
      '--head',
      head,
      '--head',
      head.replace(/.$/, (last) => (last === 'x' ? 'y' : 'x')),
    )
    expect({ code: strange.code, ...Verified.parse(JSON.parse(strange.stdout)) }).toMatchObject({
      code: 1,
      broken: null,
      heads: ['found', 'missing'],
    })
    expect(strange.stderr).toContain('it ends before that head, or was written anew')
    expect(await runCommand('audit', 'verify', '--data', data, '--tenant', 'Contoso', '--head', 'x'.repeat(43))).toMatchObject({ code: 2 })

    const db = new Database(join(data, 'service', 'service.db'))
    db.prepare('update audit set objectName = ? where number = 3 and tenant = (select id from tenant where name = ?)').run(
      'something else',
      'Contoso',
    )
    db.close()
    const broken = await runCommand('audit', 'verify', '--data', data, '--tenant', 'Contoso')
    expect({ code: broken.code, broken: Verified.parse(JSON.parse(broken.stdout)).broken }).toEqual({ code: 1, broken: 3 })
    expect(AuditCheck.parse((await service.ask('/v1/audit/check', { token: manager })).json)).toMatchObject({ broken: 3 })
  })

  it('[AUD-1] cannot lose its start unnoticed: the oldest deleted, and the start set to the noted head', async () => {
    const folder = makeFolder()
    await (await TestService.start(folder, '--demo')).stop()
    const verify = (...more: string[]) => runCommand('audit', 'verify', '--data', folder, '--tenant', 'Contoso', ...more)
    const { head } = Verified.parse(JSON.parse((await verify()).stdout))
    const db = new Database(join(folder, 'service', 'service.db'))
    const contoso = "(select id from tenant where name = 'Contoso')"
    const { number, hash } = z
      .object({ number: z.number(), hash: z.string() })
      .parse(db.prepare(`select number, hash from audit where tenant = ${contoso} order by number desc limit 1`).get())
    db.prepare(`delete from audit where tenant = ${contoso}`).run()
    db.prepare(`update "auditChain" set "prunedNumber" = ?, "prunedHash" = ? where tenant = ${contoso}`).run(number, hash)
    db.close()
    expect(await verify()).toMatchObject({ code: 1, stderr: expect.stringContaining('was changed') })
    expect(await verify('--head', head)).toMatchObject({ code: 1, stderr: expect.stringContaining('not old enough to be deleted') })
    removeFolder(folder)
  })

  it.each([[[]], [['delete']], [['verify', '--data', '/nowhere/at/all']]])('says what is wrong with %j', async (args) => {
    const { code, stderr } = await runCommand('audit', ...args)
    expect(code).toBe(args.length > 1 ? 1 : 2)
    expect(stderr).not.toBe('')
  })
})
