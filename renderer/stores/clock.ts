import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

/** The one clock that every age on the screen ticks by, in UTC milliseconds. */
export const useClock = defineStore('clock', () => {
  /** This machine's. */
  const here = ref(Date.now())
  /** What the service's time is ahead of it by. */
  const ahead = ref(0)
  setInterval(() => {
    here.value = Date.now()
  }, 1_000)
  /** The service's time: everything that the core tells is dated by it. */
  const now = computed(() => here.value + ahead.value)
  return { now, here, ahead }
})
