import { computed, ref } from 'vue'
import { useClock } from '../stores/clock.ts'

/** A pointer that has not moved for this long lets the list flow again. */
const restsAfterMs = 20_000

/** Whether the pointer is at work over a list, so that its rows must not move. */
export function useListPointer() {
  const clock = useClock()
  const movedAt = ref<number | null>(null)
  const over = computed(() => movedAt.value !== null && clock.here - movedAt.value < restsAfterMs)
  const moved = (): void => {
    movedAt.value = Date.now()
  }
  const gone = (): void => {
    movedAt.value = null
  }
  return { over, moved, gone }
}
