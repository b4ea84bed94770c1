import { mayRuleOthers } from '../../contract/commands.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { EndpointId, NotifyRuleId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { NotifyRuleDraft } from '../../contract/notifications.ts'
import { type CommandHandlers, handle, handleAsking } from '../ground/commands/commands.ts'
import { type AskingHandler, checkPermitted, type CommandContext, type CommandHandler } from '../ground/commands/handler.ts'
import type { GroundDeps } from '../ground/deps.ts'
import { reached } from '../ground/reach.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'
import type { Outcome } from './channel.ts'
import { noteOutcome } from './endpoints.ts'
import type { NotifyRuleTable } from './tables.ts'
import type { Tester } from './webhook.ts'

/** Rules of who is told what, and where others are told (INC-6). */

/** A rule that the caller may change: their own, or with settings.modify over all rooms the tenant's. */
async function ruleFor(id: NotifyRuleId, { tx, caller }: CommandContext): Promise<NotifyRuleTable | undefined> {
  const row = await tx.tables.notifyRule().selectAll().where('id', '=', id).executeTakeFirst()
  return row && (row.owner === caller.person || (row.owner === null && mayRuleOthers(caller.access))) ? row : undefined
}

const recordOf = (owner: string | null, { id, name }: { id: string; name: string }) => ({
  rule: id,
  name,
  of: owner === null ? 'tenant' : 'person',
})

const saveRule: CommandHandler<'notifications.saveRule'> = {
  async check({ type, draft }, context) {
    checkPermitted(type, context)
    if (draft.to.kind === 'others' && !mayRuleOthers(context.caller.access)) throw new RoomkeeperError('access.denied')
  },
  async apply({ type, rule: id, draft }, context) {
    const { tx, caller } = context
    const owner = draft.to.kind === 'me' ? caller.person : null
    const known = await ruleFor(id, context)
    const taken = known ?? (await tx.tables.notifyRule().select('id').where('id', '=', id).executeTakeFirst())
    if (!known && taken) throw new RoomkeeperError('notifications.ruleNotFound')
    if (known && known.owner !== owner) throw new RoomkeeperError('notifications.invalid', { field: 'to' })
    await checkNamed(tx, draft)
    if (!known) await checkRoom(tx, owner)
    const body = JSON.stringify(draft)
    if (known?.body === body) return null
    // Switched on again, it tells what comes from then on.
    const wasOn = known !== undefined && known.body.includes('"on":true')
    const row = { owner, body, since: known && (wasOn || !draft.on) ? known.since : tx.at, changedAt: tx.at }
    await tx.insert
      .notifyRule({ id, ...row })
      .onConflict((conflict) => conflict.columns(['tenant', 'id']).doUpdateSet(row))
      .execute()
    return {
      category: 'Notification',
      objectName: draft.name,
      operation: known ? 'Update' : 'Create',
      detail: { action: type, ...recordOf(owner, { id, name: draft.name }), draft },
    }
  },
}

/** @throws RoomkeeperError notifications.invalid where it names an endpoint that there is not */
async function checkNamed(tx: TenantTransaction, { to }: NotifyRuleDraft): Promise<void> {
  if (to.kind === 'me') return
  const known = new Set((await tx.tables.endpoint().select('id').execute()).map(({ id }) => id))
  if (to.endpoints.some((id) => !known.has(id))) throw new RoomkeeperError('notifications.invalid', { field: 'to.endpoints' })
}

async function checkRoom(tx: TenantTransaction, owner: NotifyRuleTable['owner']): Promise<void> {
  const rules = tx.tables.notifyRule().select('id')
  const theirs = await (owner === null ? rules.where('owner', 'is', null) : rules.where('owner', '=', owner)).execute()
  if (theirs.length >= (owner === null ? limits.rulesOfTenant : limits.rulesOfPerson)) throw new RoomkeeperError('notifications.tooMany')
}

const deleteRule: CommandHandler<'notifications.deleteRule'> = {
  check: async ({ type }, context) => checkPermitted(type, context),
  async apply({ type, rule: id }, context) {
    const { owner, body } = reached(await ruleFor(id, context), true, 'notifications.ruleNotFound')
    await context.tx.delete.notifyRule().where('id', '=', id).execute()
    const { name }: { name: string } = JSON.parse(body)
    return {
      category: 'Notification',
      objectName: name,
      operation: 'Delete',
      detail: { action: type, ...recordOf(owner, { id, name }) },
    }
  },
}

/** Of an address its host alone: what follows it may be a secret of the receiver's. */
const touched = (endpoint: EndpointId, { name, url }: { name: string; url: string }) => ({ endpoint, name, host: new URL(url).host })

const saveEndpoint: CommandHandler<'endpoints.save'> = {
  check: async ({ type }, context) => checkPermitted(type, context),
  async apply({ type, endpoint: id, draft: { secret, ...rest } }, { tx, caller }) {
    const known = await tx.tables.endpoint().selectAll().where('id', '=', id).executeTakeFirst()
    if (!known && secret === undefined) throw new RoomkeeperError('notifications.invalid', { field: 'secret' })
    if (!known && (await tx.tables.endpoint().select('id').execute()).length >= limits.endpointsOfTenant)
      throw new RoomkeeperError('notifications.tooMany')
    const body = JSON.stringify(rest)
    const isOther = secret !== undefined && secret !== known?.secret
    if (known?.body === body && !isOther && known.switchedOffAt === null) return null
    // Whoever saves it says that it is right now: it begins anew.
    const fresh = { body, savedBy: caller.person, failingSince: null, switchedOffAt: null }
    const row = { ...fresh, secret: secret ?? known?.secret ?? '' }
    await tx.insert
      .endpoint({ id, ...row, last: null })
      .onConflict((conflict) => conflict.columns(['tenant', 'id']).doUpdateSet(row))
      .execute()
    return {
      category: 'Notification',
      objectName: rest.name,
      operation: known ? 'Update' : 'Create',
      detail: { action: type, ...touched(id, rest), kind: rest.kind, on: rest.on, newSecret: isOther },
    }
  },
}

const deleteEndpoint: CommandHandler<'endpoints.delete'> = {
  check: async ({ type }, context) => checkPermitted(type, context),
  async apply({ type, endpoint: id }, { tx }) {
    const row = await tx.tables.endpoint().selectAll().where('id', '=', id).executeTakeFirst()
    const { body } = reached(row, true, 'notifications.endpointNotFound')
    const rest: { name: string; url: string } = JSON.parse(body)
    await tx.delete.endpoint().where('id', '=', id).execute()
    const rules: string[] = []
    for (const rule of await tx.tables.notifyRule().selectAll().where('owner', 'is', null).where('body', 'like', `%${id}%`).execute()) {
      const draft: NotifyRuleDraft = JSON.parse(rule.body)
      if (draft.to.kind !== 'others') continue
      const to = { ...draft.to, endpoints: draft.to.endpoints.filter((endpoint) => endpoint !== id) }
      await tx.update
        .notifyRule()
        .where('id', '=', rule.id)
        .set({ body: JSON.stringify({ ...draft, to }), changedAt: tx.at })
        .execute()
      rules.push(rule.id)
    }
    return {
      category: 'Notification',
      objectName: rest.name,
      operation: 'Delete',
      detail: { action: type, ...touched(id, rest), rules },
    }
  },
}

/** `undefined`: nobody was asked. */
type Tested = Outcome | undefined

const testEndpoint = ({ store }: Pick<GroundDeps, 'store'>, tester: Tester): AskingHandler<'endpoints.test', Tested> => ({
  nothing: undefined,
  async ask({ endpoint }, { tenant }) {
    const row = await store.read(tenant, 'wholeTenant').tables.endpoint().selectAll().where('id', '=', endpoint).executeTakeFirst()
    return row && tester(row)
  },
  check: async ({ type }, context) => checkPermitted(type, context),
  async apply({ type, endpoint: id }, { tx, asked }) {
    const row = await tx.tables.endpoint().select('body').where('id', '=', id).executeTakeFirst()
    const { body } = reached(row, true, 'notifications.endpointNotFound')
    if (asked === undefined) throw new RoomkeeperError('request.conflict')
    await noteOutcome(tx, id, asked, true)
    const rest: { name: string; url: string } = JSON.parse(body)
    return {
      category: 'Notification',
      objectName: rest.name,
      operation: 'Update',
      detail: { action: type, ...touched(id, rest), ok: asked.ok, ...(asked.ok ? {} : { problem: asked.problem }) },
    }
  },
})

export const notificationCommands = (deps: Pick<GroundDeps, 'store'> & { readonly tester: Tester }): Partial<CommandHandlers> => ({
  'notifications.saveRule': handle(saveRule),
  'notifications.deleteRule': handle(deleteRule),
  'endpoints.save': handle(saveEndpoint),
  'endpoints.delete': handle(deleteEndpoint),
  'endpoints.test': handleAsking(testEndpoint(deps, deps.tester)),
})
