import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { mayDecide } from '../../contract/approvals.ts'
import type { CallOutput } from '../../contract/bridge.ts'
import type { ErrorCode } from '../../contract/errors.ts'
import { codeOf, useBridge } from '../bridge/index.ts'
import { useConsole } from './console.ts'

export type RequestView = CallOutput<'requests.list'>['rows'][number]

/** What partners asked for and what became of it (PAR-5), kept current from the cache. */
export const useRequests = defineStore('requests', () => {
  const bridge = useBridge()
  const core = useConsole()
  const rows = shallowRef<RequestView[] | null>(null)
  const problem = ref<ErrorCode | null>(null)
  let asked = 0

  async function read(): Promise<void> {
    const mine = ++asked
    try {
      const answer = await bridge.call('requests.list', {})
      if (mine !== asked) return
      rows.value = answer.rows
      problem.value = null
    } catch (error) {
      if (mine === asked) problem.value = codeOf(error)
    }
  }

  onScopeDispose(core.onChanges(({ kinds }) => (kinds.includes('request') || kinds.includes('me')) && void read()))
  watch(
    () => [core.me?.id, core.entered],
    ([me]) => {
      if (me !== undefined) return void read()
      // Signed out, or the copy is locked: nothing of it stays here.
      asked++
      rows.value = null
      problem.value = null
    },
    { immediate: true },
  )

  /** Whether the operator decides it: theirs to decide is what was asked of their own organisation. */
  const decides = (request: RequestView): boolean =>
    core.me !== null && core.me.tenant === request.tenant.id && mayDecide(core.me.access, request)

  const waiting = computed(() => rows.value?.filter((request) => request.status === 'waiting' && decides(request)) ?? [])
  /** The request that a command of the outbox became; a request has its command's key. */
  const ofCommand = (key: string): RequestView | undefined => rows.value?.find(({ id }) => id === key)

  return { rows, problem, read, decides, waiting, ofCommand }
})
