import { z } from 'zod'
import type { CallOutput } from '../../contract/bridge.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { NoticeId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { EndpointList, NotifyRuleList, TryAnswer, WhyAnswer } from '../../contract/notifications.ts'
import type { CallHandlers } from '../bridge/dispatcher.ts'
import type { Console } from '../console.ts'
import { Emitter } from '../emitter.ts'
import type { ServiceClient } from '../sync/http.ts'
import type { Picture } from '../views/picture.ts'

type NoticeRow = CallOutput<'notices.list'>['rows'][number]
type NoticeCall = Extract<keyof CallHandlers, `notices.${string}`>

/** What the operator was told (INC-6), of all organisations whose copy is open, the newest first. */
export function listNotices({ parts }: Picture): NoticeRow[] {
  const rows = parts.flatMap(({ reader, tenant }) =>
    tenant === null ? [] : reader.notices().map((notice): NoticeRow => ({ ...notice, tenant })),
  )
  return rows.sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1)).slice(0, limits.noticesOfPerson)
}

/** Notices that were chosen on the desktop. */
export class OpenedNotices {
  readonly onOpened = new Emitter<NoticeId>()
  last: NoticeId | null = null

  open(notice: NoticeId): void {
    this.last = notice
    this.onOpened.emit(notice)
  }
}

export function noticeHandlers(core: Console, opened: OpenedNotices): Pick<CallHandlers, NoticeCall> {
  const online = (client: () => ServiceClient): ServiceClient => {
    if (core.preferences.workOffline) throw new RoomkeeperError('network.offline')
    return client()
  }
  return {
    'notices.list': () => core.use(({ everything }) => ({ rows: listNotices(everything) })),
    'notices.read': async ({ tenant, notices }, signal) => {
      const client = online(() => core.clientOf(tenant))
      await client.json(z.object({ read: z.int() }), { method: 'POST', path: '/v1/notifications/read', body: { notices }, signal })
      return {}
    },
    'notices.show': ({ notice, title, body }) => {
      core.options.host.notify?.({ title, body }, () => opened.open(notice))
      return {}
    },
    'notices.rules': (_input, signal) => online(() => core.clientOf()).json(NotifyRuleList, { path: '/v1/notifications/rules', signal }),
    'notices.why': ({ incident }, signal) => {
      const tenant = core.use(({ everything }) => everything.holder('incident', incident)?.tenant?.id)
      return online(() => core.clientOf(tenant)).json(WhyAnswer, { path: `/v1/incidents/${incident}/notifications`, signal })
    },
    'notices.try': ({ tenant, rule }, signal) =>
      online(() => core.clientOf(tenant)).json(TryAnswer, { method: 'POST', path: '/v1/notifications/try', body: { rule }, signal }),
    'notices.endpoints': (_input, signal) =>
      online(() => core.clientOf()).json(EndpointList, { path: '/v1/notifications/endpoints', signal }),
  }
}
