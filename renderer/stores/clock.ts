import { defineStore } from 'pinia'
import { ref } from 'vue'

/** The one clock that every age on the screen ticks by, in UTC milliseconds. */
export const useClock = defineStore('clock', () => {
  const now = ref(Date.now())
  setInterval(() => {
    now.value = Date.now()
  }, 1_000)
  return { now }
})
