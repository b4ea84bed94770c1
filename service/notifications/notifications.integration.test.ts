import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EndpointList, NotifyRuleList, TryAnswer } from '../../contract/notifications.ts'
import { boss, other, RecordStage } from '../testing/commands/recordStage.ts'
import { admin } from '../testing/partners/world.ts'

/** Rules and endpoints of a running service, by its interface. */

let stage: RecordStage

beforeAll(async () => {
  stage = await RecordStage.start()
  await stage.begin()
}, 60_000)
afterAll(async () => stage.close())

const rulesOf = async (email: typeof boss | typeof other) =>
  NotifyRuleList.parse((await stage.world.ask(email, '/v1/notifications/rules')).body).items
const draft = stageDraft()

function stageDraft() {
  return {
    name: 'Others',
    on: true,
    what: { events: ['opened'], severities: ['important'], groups: [], mine: false },
    when: { timeZone: 'UTC' },
    language: 'en',
    to: { kind: 'others', addresses: ['oncall@contoso.example'], endpoints: [] as string[] },
  }
}

describe('[INC-6] rules and endpoints', () => {
  it('are listed as saved: own ones to whose they are, the tenant’s to who may change them, a secret to nobody', async () => {
    await stage.done(boss, { ...stage.saveAssignment(), members: [admin(other)] })
    const endpoint = { ...stage.saveEndpoint(), endpoint: v7() }
    await stage.done(boss, endpoint)
    await stage.done(boss, stage.saveRule())
    const rule = v7()
    await stage.done(boss, {
      type: 'notifications.saveRule',
      rule,
      draft: { ...draft, to: { ...draft.to, endpoints: [endpoint.endpoint] } },
    })
    expect((await rulesOf(boss)).map(({ name }) => name).sort()).toEqual(['Others', `Rule ${stage.role}`])
    expect(await rulesOf(other)).toEqual([])
    const listed = await stage.world.ask(boss, '/v1/notifications/endpoints')
    expect(EndpointList.parse(listed.body).items).toMatchObject([{ id: endpoint.endpoint, url: endpoint.draft.url, last: null }])
    expect(JSON.stringify(listed.body)).not.toContain('whsec_')
    // Whoever may not change the tenant's rules makes none, changes none and is told of none.
    const theirs = { type: 'notifications.saveRule', rule: v7(), draft }
    expect(await stage.world.command(other, theirs)).toMatchObject({ status: 403 })
    expect(await stage.world.command(other, { type: 'notifications.deleteRule', rule })).toMatchObject({ status: 404 })
    // An endpoint that goes is named by no rule any more.
    await stage.done(boss, { type: 'endpoints.delete', endpoint: endpoint.endpoint })
    expect((await rulesOf(boss)).find(({ id }) => id === rule)?.to).toEqual({ ...draft.to, endpoints: [] })
  })

  it('can be tried, and explained, over what the asker sees', async () => {
    const mine = { ...draft, to: { kind: 'me', console: true, desktop: false, email: false } }
    const tried = await stage.world.ask(boss, '/v1/notifications/try', { rule: mine })
    expect(TryAnswer.parse(tried.body)).toMatchObject({ told: 1, lines: [{ event: 'opened', roomName: 'Boardroom', told: true }] })
    const why = await stage.world.ask(boss, `/v1/incidents/${stage.incident}/notifications`)
    expect(why.body).toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ event: 'opened' })]) })
  })
})
