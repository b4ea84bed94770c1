import { computed, type ComputedRef, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { openIncidents } from '../../../contract/entities.ts'
import { evidenceOf, isGrave, reportedByHand, SignalId, signals } from '../../../contract/signals.ts'
import type { RoomView } from '../../../contract/views.ts'
import { useFormat } from '../../words/format.ts'
import { useSuppressedWords } from '../../words/suppressed.ts'

/** A room's state as one sentence: "Unhealthy for 12 min: room camera". */
export function useRoomSentence(room: Ref<RoomView | null | undefined>, now: () => number): ComputedRef<string> {
  const { t } = useI18n()
  const { span, list } = useFormat()
  const suppressedWords = useSuppressedWords()
  const mostNamed = 3

  return computed(() => {
    const about = room.value
    if (!about) return ''
    const time = span(now() - about.healthSince)
    if (about.lifecycle !== 'enrolled') return t(`room.sentence.${about.lifecycle}`)
    if (about.health === 'healthy') {
      return t(openIncidents(about.incidents) > 0 ? 'room.sentence.healthyWarning' : 'room.sentence.healthy', { time })
    }
    const whole = about.suppressions?.filter(({ signals: some }) => some === undefined) ?? []
    if (about.health === 'suppressed' && whole.length > 0) return suppressedWords(whole, about.place.timeZone)
    if (about.health !== 'unhealthy') return t(`room.sentence.${about.health}`, { time })
    const bad = SignalId.options.filter((id) => {
      const state = about.signals[id]
      return state !== undefined && isGrave(signals[id].severity) && evidenceOf(state.value) === 'bad'
    })
    if ((about.incidents.reported ?? 0) > 0) bad.unshift(reportedByHand)
    if (bad.length === 0) return t('room.sentence.unhealthy', { time })
    const named = bad.slice(0, mostNamed).map((id) => t(`signalInside.${id}`))
    if (bad.length > mostNamed) named.push(t('room.sentence.more', { n: bad.length - mostNamed }, bad.length - mostNamed))
    return t('room.sentence.unhealthyOf', { time, signals: list(named) })
  })
}
