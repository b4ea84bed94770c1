import { v7 } from 'uuid'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { commandTypes } from '../../../contract/commands.ts'
import { AssignmentList, AuditPage, type AuditRecordView, PartnerList } from '../../../contract/policyApi.ts'
import { cases } from '../../testing/commands/recordCases.ts'
import { boss, partner, RecordStage } from '../../testing/commands/recordStage.ts'
import { admin, automatic, invitation } from '../../testing/partners/world.ts'

/**
 * What each command leaves in the audit (AUD-1): one record in each tenant that it changes, with the command's own name and
 * everything that it touched, by id and name; nothing where it changes nothing. docs/administrators.md says the same.
 */

let stage: RecordStage

beforeAll(async () => {
  stage = await RecordStage.start()
}, 60_000)
afterAll(async () => stage.close())

const logs = { contoso: boss, fabrikam: partner } as const
type Log = keyof typeof logs
const recordsOf = async (log: Log): Promise<AuditRecordView[]> =>
  AuditPage.parse((await stage.world.ask(logs[log], '/v1/audit?limit=200')).body).items.toReversed()

/** What is new in both logs, as "log: category operation action of object by user". */
async function made(act: () => Promise<void>): Promise<{ lines: string[]; records: AuditRecordView[] }> {
  const known = { contoso: (await recordsOf('contoso')).at(-1)?.number ?? 0, fabrikam: (await recordsOf('fabrikam')).at(-1)?.number ?? 0 }
  await act()
  const lines: string[] = []
  const records: AuditRecordView[] = []
  for (const log of ['contoso', 'fabrikam'] as const) {
    for (const record of await recordsOf(log)) {
      if (record.number <= known[log]) continue
      records.push(record)
      const failed = record.resultStatus === 'Failed' ? ' failed' : ''
      lines.push(`${log}: ${record.category} ${record.operation} ${record.action} of ${record.objectName} by ${record.user}${failed}`)
    }
  }
  return { lines, records }
}

beforeEach(async () => stage.begin())

describe('the records of a command', () => {
  it.each(commandTypes)('[AUD-1] %s', async (type) => {
    const { arrange, by = boss, customer, command, lines, touches, again } = cases[type]
    await arrange?.(stage)
    const given = command(stage)
    const key = v7()
    const act = async (): Promise<void> => {
      const answer = await stage.world.command(by, given, { key, ...(customer ? { customer } : {}) })
      expect(answer).toMatchObject({ status: 200, body: { outcome: 'applied' } })
    }
    const found = await made(act)
    expect(found.lines).toEqual(lines(stage))
    const text = JSON.stringify(found.records)
    for (const touched of touches(stage)) expect(text).toContain(touched)
    // Sent again it is the same act.
    expect((await made(act)).lines).toEqual([])
    const second = await made(async () => {
      const answer = await stage.world.command(by, given, customer ? { customer } : {})
      expect(answer.status === 200).toBe(again !== 'refused')
    })
    if (again === 'nothing') expect(second.lines).toEqual([])
    if (again === 'more') expect(second.lines).toEqual(lines(stage))
    // What is refused is one record too, of what was tried.
    if (again === 'refused')
      expect(second.lines).toEqual([`${by === partner ? 'fabrikam' : 'contoso'}: Command Update ${type} of ${type} by ${by} failed`])
  })
})

describe('the customer’s save of a partner’s "Assigned admins"', () => {
  it('[PAR-4] is refused for everything but the rooms, with the field and one failed record', async () => {
    await stage.linked()
    const { items } = AssignmentList.parse((await stage.world.ask(boss, '/v1/assignments')).body)
    const shown = items.find((one) => one.link === stage.link)
    if (!shown) throw new Error('There are no Assigned admins.')
    const { id, role: itsRole, name, description, notify, members, scope: itsScope } = shown
    const same = {
      type: 'assignment.save',
      assignment: id,
      role: itsRole,
      name,
      description,
      notify,
      members: members.map(({ kind, id: member }) => ({ kind, id: member })),
      scope: itsScope,
    }
    const others = { role: 'siteTech', name: 'Ours', description: 'Ours', notify: !notify, members: [admin('two@fabrikam.example')] }
    for (const [field, value] of Object.entries(others)) {
      const { lines } = await made(async () => {
        expect(await stage.world.command(boss, { ...same, [field]: value })).toMatchObject({ code: 'assignment.builtIn', body: { field } })
      })
      // The same refusal again is counted with the first.
      expect(lines).toEqual(field === 'role' ? [`contoso: Command Update assignment.save of assignment.save by ${boss} failed`] : [])
    }
    expect((await made(() => stage.done(boss, same))).lines).toEqual([])
    const second = await stage.world.room('contoso')
    const { lines } = await made(() => stage.done(boss, { ...same, scope: { rooms: [stage.room, second], groups: [] } }))
    expect(lines).toEqual([`contoso: Assignment Update assignment.save of Assigned admins by ${boss}`])
  })
})

describe('a policy file that invites a partner under the id of another organisation’s invitation', () => {
  it('[AUD-1, PAR-1] is recorded with the id under which the invitation is kept', async () => {
    const taken = v7()
    const theirs = await stage.world.room('adatum')
    const invited = await stage.world.command('boss@adatum.example', { ...invitation([theirs]), link: taken })
    expect(invited.status).toBe(200)
    const { body } = await stage.world.ask(boss, '/v1/policy')
    const terms = { changeControl: automatic, remoteAccess: false, multiFactor: false, expiresInDays: 7, agreeToTerms: true }
    const partner = { id: taken, domain: 'nowhere.example', scope: { rooms: [stage.room], groups: [] }, ...terms }
    const yaml = String(body).replace(/^partners:.*$/m, `partners:\n  - ${JSON.stringify(partner)}`)
    const { records } = await made(() => stage.done(boss, { type: 'policy.import', yaml }))
    const { items } = PartnerList.parse((await stage.world.ask(boss, '/v1/partners')).body)
    const kept = items.find(({ domain }) => domain === 'nowhere.example')?.id
    expect(kept).not.toBe(taken)
    expect(JSON.stringify(records)).toContain(kept)
    expect(JSON.stringify(records)).not.toContain(taken)
    await stage.done(boss, { type: 'partner.remove', link: kept })
  })
})
