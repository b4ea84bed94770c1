import { defineStore } from 'pinia'
import { computed, onScopeDispose, shallowRef, watch } from 'vue'
import type { CallOutput } from '../../contract/bridge.ts'
import type { NoticeId, TenantId } from '../../contract/ids.ts'
import { useBridge } from '../bridge/index.ts'
import { useClock } from './clock.ts'
import { useConsole } from './console.ts'

export type NoticeView = CallOutput<'notices.list'>['rows'][number]

/** What is older than this when it comes is in the list, and not shown by itself (ms): the console was away. */
const shownMs = 10 * 60_000

/** What the operator was told (INC-6), kept current from the cache. */
export const useNotices = defineStore('notices', () => {
  const bridge = useBridge()
  const core = useConsole()
  const clock = useClock()
  const rows = shallowRef<NoticeView[]>([])
  /** Marked here, and not told by the service yet. */
  const marked = shallowRef<ReadonlySet<NoticeId>>(new Set())
  const arrivals = new Set<(notice: NoticeView) => void>()
  /** All that was here once; null until the first reading. */
  let known: Set<NoticeId> | null = null
  let asked = 0

  async function read(): Promise<void> {
    const mine = ++asked
    const answer = await bridge.call('notices.list', {}).catch(() => null)
    if (mine !== asked || answer === null) return
    rows.value = answer.rows
    const before = known
    known = new Set(answer.rows.map(({ id }) => id))
    if (before === null) return
    for (const notice of answer.rows) {
      const isNew = !before.has(notice.id) && notice.readAt === undefined && notice.at > clock.now - shownMs
      if (isNew && notice.desktop) for (const arrived of arrivals) arrived(notice)
    }
  }

  onScopeDispose(core.onChanges(({ kinds }) => kinds.includes('notice') && void read()))
  watch(
    () => core.me?.id,
    (me) => {
      known = null
      if (me !== undefined) return void read()
      // Signed out, or the copy is locked: nothing of it stays here.
      asked++
      rows.value = []
    },
    { immediate: true },
  )

  const isRead = ({ id, readAt }: NoticeView): boolean => readAt !== undefined || marked.value.has(id)
  const unread = computed(() => rows.value.filter((notice) => !isRead(notice)))

  /** Marks notices as read; without a network they stay unread. */
  async function markRead(notices: readonly NoticeView[]): Promise<void> {
    const fresh = notices.filter((notice) => !isRead(notice))
    const ids = new Set(fresh.map(({ id }) => id))
    marked.value = new Set([...marked.value, ...ids])
    const byTenant = Map.groupBy(fresh, ({ tenant }): TenantId => tenant.id)
    const asks = [...byTenant].map(([tenant, theirs]) => bridge.call('notices.read', { tenant, notices: theirs.map(({ id }) => id) }))
    await Promise.all(asks).catch(() => {
      marked.value = new Set([...marked.value].filter((id) => !ids.has(id)))
    })
  }

  /** Called with each notice that is to be shown by itself. Returns its undo. */
  function onArrival(arrived: (notice: NoticeView) => void): () => void {
    arrivals.add(arrived)
    return () => arrivals.delete(arrived)
  }

  return { rows, unread, isRead, markRead, onArrival }
})
