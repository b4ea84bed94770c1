import { onScopeDispose, ref, shallowRef, watch } from 'vue'
import type { CallInput } from '../../../../contract/bridge.ts'
import type { ErrorCode } from '../../../../contract/errors.ts'
import { type RoomTile, tilesAtOnce } from '../../../../contract/pictures.ts'
import { codeOf, useBridge } from '../../../bridge/index.ts'
import { useConsole } from '../../../stores/console.ts'

/** The least between two readings. */
const pauseMs = 1_000
/** A reading of very many takes at most this share of the time. */
const share = 20

/**
 * All rooms of a filter as tiles, read in pieces and again when rooms change. What was read before stays until all of it is there anew; the
 * first time, each piece is shown as it comes.
 */
export function useTiles(filter: () => CallInput<'rooms.tiles'>['filter']) {
  const bridge = useBridge()
  const core = useConsole()
  const tiles = shallowRef<readonly RoomTile[]>([])
  const loaded = ref(false)
  const problem = ref<ErrorCode | null>(null)
  let generation = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let tookMs = 0
  let reading = false
  let again = false

  async function read(): Promise<void> {
    const mine = generation
    reading = true
    again = false
    const from = performance.now()
    const rows: RoomTile[] = []
    try {
      for (let more = true; more;) {
        const answer = await bridge.call('rooms.tiles', { filter: filter(), offset: rows.length, limit: tilesAtOnce })
        if (mine !== generation) return
        rows.push(...answer.rows)
        more = answer.rows.length > 0 && rows.length < answer.total
        if (!loaded.value || !more) tiles.value = [...rows]
      }
      loaded.value = true
      problem.value = null
    } catch (error) {
      if (mine !== generation) return
      problem.value = codeOf(error)
    }
    reading = false
    tookMs = performance.now() - from
    if (again) later()
  }
  function later(): void {
    again = true
    if (reading || timer !== undefined) return
    timer = setTimeout(
      () => {
        timer = undefined
        void read()
      },
      Math.max(pauseMs, tookMs * share),
    )
  }
  function anew(): void {
    generation++
    clearTimeout(timer)
    timer = undefined
    tookMs = 0
    loaded.value = false
    void read()
  }

  const stop = core.onChanges(({ kinds }) => {
    if (kinds.includes('room') || kinds.includes('me')) later()
  })
  watch(
    [() => JSON.stringify(filter()), () => core.entered],
    () => {
      tiles.value = []
      anew()
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    generation++
    stop()
    clearTimeout(timer)
  })
  return { tiles, loaded, problem, anew }
}
