import { PeopleList } from '../../contract/api.ts'
import type { CallName } from '../../contract/bridge.ts'
import { CommandOutcome, type CommandRequest, type PolicyCommand } from '../../contract/commands.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { CommandKey, type TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import {
  AssignmentList,
  AuditCheck,
  AuditPage,
  CustomerList,
  Effect,
  GroupList,
  GroupPreview,
  PartnerList,
  PrincipalList,
  RoleList,
  WhatCan,
  WhoCan,
} from '../../contract/policyApi.ts'
import { HiddenList, SuppressionList } from '../../contract/suppression.ts'
import type { CallHandlers } from '../bridge/dispatcher.ts'
import type { Console } from '../console.ts'
import type { ServiceClient } from '../sync/http.ts'
import { dayOf, queryOf, saveDownload } from './downloads.ts'
import { listOwners } from './owners.ts'
import { listRequests } from './requests.ts'

type PolicyCall = Extract<
  CallName,
  'people.list' | 'incidents.owners' | 'requests.list' | `suppressions.${string}` | `policy.${string}` | `audit.${string}`
>

/** What the administrative screens ask: of the service only, about the named tenant or the entered one. Nothing here is queued. */
export function policyHandlers(core: Console): Pick<CallHandlers, PolicyCall> {
  const online = <T>(client: () => T): T => {
    if (core.preferences.workOffline) throw new RoomkeeperError('network.offline')
    return client()
  }
  const here = (): ServiceClient => online(() => core.clientOf())
  const of = (tenant: TenantId): ServiceClient => online(() => core.clientOf(tenant))
  const home = (): ServiceClient => online(() => core.homeClient)

  return {
    'people.list': (_input, signal) => here().json(PeopleList, { path: '/v1/people', signal }),
    'incidents.owners': ({ incidents }, signal) => listOwners(core, incidents, signal),
    'policy.roles': (_input, signal) => here().json(RoleList, { path: '/v1/roles', signal }),
    'policy.assignments': (query, signal) => here().json(AssignmentList, { path: `/v1/assignments${queryOf(query)}`, signal }),
    'policy.groups': (query, signal) => here().json(GroupList, { path: `/v1/groups${queryOf(query)}`, signal }),
    'policy.previewGroup': (body, signal) => here().json(GroupPreview, { method: 'POST', path: '/v1/groups/preview', body, signal }),
    'policy.directory': (query, signal) => here().json(PrincipalList, { path: `/v1/directory${queryOf(query)}`, signal }),
    'policy.whoCan': (query, signal) => here().json(WhoCan, { path: `/v1/explain${queryOf(query)}`, signal }),
    'policy.whatCan': ({ person }, signal) => here().json(WhatCan, { path: `/v1/explain/people/${person}`, signal }),
    'policy.partners': (_input, signal) => here().json(PartnerList, { path: '/v1/partners', signal }),
    'policy.customers': (_input, signal) => home().json(CustomerList, { path: '/v1/customers', signal }),
    'policy.preview': ({ tenant, command }, signal) =>
      of(tenant).json(Effect, { method: 'POST', path: '/v1/commands/preview', body: { command }, signal, ...patienceFor(command) }),
    'policy.apply': ({ tenant, command }, signal) => {
      const issuedAt = core.clock.now()
      const key = CommandKey.parse(core.options.system.ids(issuedAt))
      return apply(of(tenant), { key, issuedAt, sentAt: issuedAt, command }, signal)
    },
    'policy.saveFile': async ({ tenant }, signal) => {
      const client = of(tenant)
      const name = core.accountOf(tenant).shown.tenant?.name ?? ''
      const { bytes } = await client.ask({ path: '/v1/policy', atMostBytes: limits.policyFileBytes, signal })
      return saveDownload(core, `roomkeeper-policy-${name}-${dayOf(core.clock.now())}.yaml`, 'roomkeeper-policy.yaml', bytes)
    },
    'suppressions.list': (query, signal) => here().json(SuppressionList, { path: `/v1/suppressions${queryOf(query)}`, signal }),
    'suppressions.hidden': ({ suppression }, signal) => here().json(HiddenList, { path: `/v1/suppressions/${suppression}/hidden`, signal }),
    'requests.list': () => core.use(({ picture }) => ({ rows: listRequests(picture) })),
    'audit.list': ({ tenant, ...query }, signal) => of(tenant).json(AuditPage, { path: `/v1/audit${queryOf(query)}`, signal }),
    'audit.saveCsv': async ({ tenant, from, to }, signal) => {
      const { bytes } = await of(tenant).ask({ path: `/v1/audit.csv${queryOf({ from, to })}`, atMostBytes: limits.auditCsvBytes, signal })
      // `to` is the first moment that is not in it: the name has the last day that is.
      return saveDownload(core, `roomkeeper-audit-${dayOf(from)}-${dayOf(Math.max(from, to - 1))}.csv`, 'roomkeeper-audit.csv', bytes)
    },
    'audit.check': ({ tenant }, signal) => of(tenant).json(AuditCheck, { path: '/v1/audit/check', signal }),
  }
}

/** A large policy file is read for longer than other answers take. */
const patienceFor = ({ type }: PolicyCommand): { headMs?: number } =>
  type === 'policy.import' ? { headMs: limits.consoleRequestMs + limits.policyFileMs } : {}

/** Where the answer is lost on the way, it is asked for once more under the same key, which applies nothing twice. */
async function apply(
  client: ServiceClient,
  body: CommandRequest & { command: PolicyCommand },
  signal: AbortSignal,
): Promise<CommandOutcome> {
  const send = (): Promise<CommandOutcome> =>
    client.json(CommandOutcome, { method: 'POST', path: '/v1/commands', body, signal, ...patienceFor(body.command) })
  try {
    return await send()
  } catch (error) {
    if (signal.aborted || !(error instanceof RoomkeeperError) || error.code !== 'network.offline') throw error
    return send()
  }
}
